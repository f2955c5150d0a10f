-- goods: 100,000 products for the bench, in 8 organisations (the house and seven sellers; or as many
-- of both as is said), with names in three languages, prices in three currencies, options, stock and
-- its first movement, pictures borrowed from the demo's, search words and, by catalog.reshelve, the
-- shelf. All by sets, in a minute or two.
--
-- psql -v n=100000 -v sellers=7 -f goods.sql, as superuser, after the demo. The first 5,000 stand in
-- the category bench-5000 (by its four children) of the house, the others in ten more. Everything is
-- reckoned from the product's number: two runs make the same shop.
\set ON_ERROR_STOP on
begin;
set local synchronous_commit = off;
set local work_mem = '256MB';
set local maintenance_work_mem = '256MB';
-- No foreign key is looked at row by row: every row below is made from those it points to.
set local session_replication_role = replica;

insert into auth.organisation (slug, name)
select 'bench-' || i, 'Seller ' || i from generate_series(1, :sellers) i;
insert into inventory.location (organisation_id, code, name)
select id, 'main', 'Main' from auth.organisation where slug ~ '^bench-[0-9]+$';

create temp table org on commit drop as
select row_number() over (order by slug <> 'house', slug) - 1 as i, o.id, l.id as location_id
  from auth.organisation o join inventory.location l on l.organisation_id = o.id and l.code = 'main'
 where o.slug = 'house' or o.slug ~ '^bench-[0-9]+$';

insert into catalog.category (organisation_id, slug, position, names)
select o.id, 'bench-' || c.slug, 100, jsonb_build_object('en', c.name, 'th', 'หมวด ' || c.slug, 'vi', 'Nhóm ' || c.slug)
  from org o, (values ('5000', 'Workshop'), ('more', 'Everything else')) c(slug, name) where o.i = 0;
insert into catalog.category (organisation_id, slug, parent_id, position, names)
select p.organisation_id, p.slug || '-' || i, p.id, i,
       jsonb_build_object('en', 'Shelf ' || i, 'th', 'ชั้น ' || i, 'vi', 'Kệ ' || i)
  from catalog.category p, generate_series(1, 10) i
 where p.slug = 'bench-more' or (p.slug = 'bench-5000' and i <= 4);

-- Words whose parts are known, so that Thai needs no splitting here.
create temp table word on commit drop as
select * from (values
    ('a', array['Quiet', 'Bright', 'Heavy', 'Slim', 'Warm', 'Plain', 'Folding', 'Round', 'Tall',
        'Woven', 'Smooth', 'Little', 'Garden', 'Travel', 'Evening', 'Market'],
     array['เงียบ', 'สว่าง', 'หนัก', 'บาง', 'อุ่น', 'เรียบ', 'พับ', 'กลม', 'สูง', 'สาน', 'ลื่น', 'เล็ก',
        'สวน', 'เดินทาง', 'เย็น', 'ตลาด'],
     array['yen', 'sang', 'nang', 'mong', 'am', 'tron', 'gap', 'vong', 'cao', 'dan', 'min', 'nho',
        'vuon', 'du lich', 'toi', 'cho']),
    ('m', array['Oak', 'Steel', 'Cotton', 'Bamboo', 'Glass', 'Leather', 'Linen', 'Copper', 'Teak',
        'Paper'],
     array['โอ๊ก', 'เหล็ก', 'ฝ้าย', 'ไผ่', 'แก้ว', 'หนัง', 'ลินิน', 'ทองแดง', 'สัก', 'กระดาษ'],
     array['soi', 'thep', 'cotton', 'tre', 'kinh', 'da', 'lanh', 'dong', 'tech', 'giay']),
    ('n', array['Lamp', 'Stool', 'Speaker', 'Kettle', 'Basket', 'Vase', 'Clock', 'Shelf', 'Mat',
        'Bowl', 'Mirror', 'Tray', 'Radio', 'Cushion', 'Teapot', 'Bench', 'Frame', 'Planter'],
     array['โคมไฟ', 'เก้าอี้', 'ลำโพง', 'กาน้ำ', 'ตะกร้า', 'แจกัน', 'นาฬิกา', 'ชั้น', 'เสื่อ', 'ชาม', 'กระจก',
        'ถาด', 'วิทยุ', 'หมอน', 'กาน้ำชา', 'ม้านั่ง', 'กรอบ', 'กระถาง'],
     array['den', 'ghe', 'loa', 'am nuoc', 'gio', 'binh', 'dong ho', 'ke', 'chieu', 'to', 'guong',
        'khay', 'radio', 'goi', 'am tra', 'bang', 'khung', 'chau'])) w(kind, en, th, vi);

create temp table made on commit drop as
select g, (select coalesce(max(id), 0) from catalog.product) + g as id,
       case when g <= 5000 then 0 else g % (:sellers + 1) end as org_i,
       abs(hashint4(g)) as h,
       case g % 5 when 0 then 0 when 1 then 0 when 4 then 2 else 1 end as n_options,
       a.en[1 + g % 16] || ' ' || m.en[1 + g / 16 % 10] || ' ' || n.en[1 + g / 7 % 18] || ' ' || g as en,
       a.th[1 + g % 16] || ' ' || m.th[1 + g / 16 % 10] || ' ' || n.th[1 + g / 7 % 18] || ' ' || g as th,
       a.vi[1 + g % 16] || ' ' || m.vi[1 + g / 16 % 10] || ' ' || n.vi[1 + g / 7 % 18] || ' ' || g as vi,
       lower(n.en[1 + g / 7 % 18]) as noun,
       'Bench ' || chr(65 + g % 26) as brand
  from generate_series(1, :n) g, word a, word m, word n
 where a.kind = 'a' and m.kind = 'm' and n.kind = 'n';
create unique index on made (id);
analyze made;

insert into catalog.product (id, organisation_id, slug, status, brand, specs, created_at, updated_at)
overriding system value
select m.id, o.id, 'bench-' || m.noun || '-' || m.g, 'published', m.brand,
       jsonb_build_array(
           jsonb_build_object('name', '{"en": "Weight", "th": "น้ำหนัก", "vi": "Nặng"}'::jsonb,
               'value', jsonb_build_object('en', m.h % 90 + 10 || '0 g')),
           jsonb_build_object('name', '{"en": "Warranty", "th": "รับประกัน", "vi": "Bảo hành"}'::jsonb,
               'value', jsonb_build_object('en', m.h % 3 + 1 || ' years'))),
       t.at, t.at
  from made m join org o on o.i = m.org_i
 cross join lateral (select now() - interval '2 years' + m.g % 99991 * interval '10 minutes' as at) t;

-- Words are put into their indexes all at once, afterwards.
create temp table later on commit drop as
select indexname, indexdef from pg_indexes where schemaname = 'catalog' and indexname in ('product_words', 'product_folded');
drop index catalog.product_words, catalog.product_folded;
insert into catalog.product_text (product_id, organisation_id, lang, name, summary, description, words, folded)
select p.id, p.organisation_id, l.lang, l.name, l.summary, l.more,
       setweight(to_tsvector('simple', l.words), 'A')
           || setweight(to_tsvector('simple', lower(p.brand) || ' bench ' || m.g || ' red blue green large small'), 'B')
           || setweight(to_tsvector('simple', l.other), 'C'), l.words
  from made m join catalog.product p on p.id = m.id
 cross join lateral (values
    ('en', m.en, lower(m.en), 'For a room that is used every day, made to be mended.',
     'It stands where it is put, takes a knock, and is sold with the parts that wear. Number ' || m.g
     || ' was tried in three houses before it came to the market.',
     'for a room that is used every day made to be mended it stands where it is put takes knock'),
    ('th', replace(m.th, ' ', ''), m.th, 'สำหรับห้องที่ใช้ทุกวัน', 'ทำมาให้ซ่อมได้ มีอะไหล่ขาย รุ่น ' || m.g,
     'สำหรับ ห้อง ที่ ใช้ ทุก วัน ทำ มา ให้ ซ่อม ได้ มี อะไหล่ ขาย'),
    ('vi', m.vi, m.vi, 'Cho căn phòng dùng hằng ngày.', 'Có thể sửa, có bán linh kiện. Số ' || m.g,
     'cho can phong dung hang ngay co the sua co ban linh kien')) l(lang, name, words, summary, more, other);

do $$
declare
    one text;
begin
    for one in select indexdef from later loop execute one; end loop;
end $$;

insert into catalog.product_category (product_id, category_id, organisation_id)
select m.id, c.id, o.id from made m join org o on o.i = m.org_i
  join catalog.category c on c.slug = case when m.g <= 5000 then 'bench-5000-' || (m.g % 4 + 1)
      else 'bench-more-' || (m.g % 10 + 1) end;

-- Two options at most: a colour of eight, a size of four.
create temp table kind_of on commit drop as
select * from (values
    ('colour', 1, 2, 8, '{"en": "Colour", "th": "สี", "vi": "Màu"}'::jsonb,
     array['red', 'blue', 'green', 'black', 'white', 'sand', 'grey', 'plum']),
    ('size', 2, 2, 4, '{"en": "Size", "th": "ขนาด", "vi": "Cỡ"}', array['s', 'm', 'l', 'xl'])
    ) k(code, place, n, most, names, vals);
insert into catalog.option (product_id, organisation_id, code, position, names)
select m.id, o.id, k.code, k.place, k.names
  from made m join org o on o.i = m.org_i join kind_of k on k.place <= m.n_options;
insert into catalog.option_value (option_id, product_id, organisation_id, code, position, names)
select o.id, m.id, o.organisation_id, k.vals[v.i], v.i,
       jsonb_build_object('en', initcap(k.vals[v.i]), 'th', k.vals[v.i], 'vi', k.vals[v.i])
  from made m join catalog.option o on o.product_id = m.id join kind_of k on k.code = o.code
 cross join lateral (select (m.h / 3 + j * (1 + m.h % 3)) % k.most + 1 as i
                       from generate_series(0, k.n) j group by 1) v;

create temp table variant on commit drop as
select row_number() over () + (select coalesce(max(id), 0) from catalog.variant) as id,
       row_number() over () + (select coalesce(max(id), 0) from inventory.item) as item_id,
       m.id as product_id, m.g, m.h, m.org_i,
       row_number() over (partition by m.id order by x.place1, y.place1) - 1 as place,
       array_remove(array[x.id, y.id], null) as value_ids,
       array_remove(array['colour=' || x.code, 'size=' || y.code], null) as tags
  from made m
  left join lateral (select v.id, v.code, v.position as place1 from catalog.option_value v
      join catalog.option o on o.id = v.option_id and o.code = 'colour' where v.product_id = m.id) x on true
  left join lateral (select v.id, v.code, v.position as place1 from catalog.option_value v
      join catalog.option o on o.id = v.option_id and o.code = 'size' where v.product_id = m.id) y on true;

insert into inventory.item (id, organisation_id, sku, tracked) overriding system value
select v.item_id, o.id, 'BENCH-' || v.g || '-' || v.place, v.h % 20 > 0
  from variant v join org o on o.i = v.org_i;
insert into catalog.variant (id, product_id, organisation_id, item_id, sku, position, weight_g, value_ids, tags)
overriding system value
select v.id, v.product_id, o.id, v.item_id, 'BENCH-' || v.g || '-' || v.place, v.place, v.h % 900 + 100,
       v.value_ids, v.tags
  from variant v join org o on o.i = v.org_i;
insert into catalog.price (variant_id, product_id, organisation_id, currency, amount, compare_at)
select v.id, v.product_id, o.id, c.code, c.base * f.x, case when v.h % 7 = 0 then c.base * f.x * 5 / 4 end
  from variant v join org o on o.i = v.org_i
 cross join (values ('THB', 1000), ('VND', 7500), ('USD', 29)) c(code, base)
 cross join lateral (select v.h % 400 + 10 + 5 * v.place as x) f;
-- One in eight is sold out.
insert into inventory.stock (item_id, location_id, organisation_id, on_hand)
select v.item_id, o.location_id, o.id, case when (v.h + v.place) % 8 = 0 then 0 else v.h % 900 + 100 end
  from variant v join org o on o.i = v.org_i;
insert into inventory.movement (organisation_id, item_id, location_id, quantity, reason, cause)
select s.organisation_id, s.item_id, s.location_id, s.on_hand, 'initial', 'bench'
  from variant v join inventory.stock s on s.item_id = v.item_id where s.on_hand > 0;

create temp table picture on commit drop as
select row_number() over (order by id) - 1 as i, id from media.picture;
insert into catalog.product_picture (product_id, picture_id, organisation_id, position, alts)
select m.id, p.id, o.id, j, jsonb_build_object('en', m.en)
  from made m join org o on o.i = m.org_i cross join generate_series(1, 2) j
  join picture p on p.i = (m.h / 10 + j) % (select count(*) from picture);

analyze catalog.product, catalog.product_text, catalog.product_category, catalog.option,
    catalog.option_value, catalog.variant, catalog.price, catalog.product_picture, inventory.item,
    inventory.stock;
select count(catalog.reshelve(x.ids)) from (select array_agg(id) as ids from made group by id / 5000) x;

do $$
declare
    t text;
begin
    foreach t in array array['catalog.product', 'catalog.variant', 'inventory.item'] loop
        execute format('select setval(pg_get_serial_sequence(%1$L, ''id''), (select max(id) from %1$s))', t);
    end loop;
end $$;

commit;
vacuum (analyze);
checkpoint;
