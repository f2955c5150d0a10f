#include "base/base.h"

/* RFC 4180 as the world writes it: CRLF, LF or CR ends a record, a byte order mark may stand in
 * front, blanks may pad a cell, quoted or not. What it refuses, it names. */
void csv_open(struct csv *csv, str text)
{
    *csv = (struct csv){ .text = text, .next_line = 1 };
    if (str_starts(text, S("\xef\xbb\xbf")))
        csv->at = 3;
}

static int peek(const struct csv *csv)
{
    return csv->at < csv->text.n ? (unsigned char)csv->text.p[csv->at] : -1;
}

static void end_line(struct csv *csv)
{
    if (peek(csv) == '\r')
        csv->at++;
    if (peek(csv) == '\n')
        csv->at++;
    csv->next_line++;
}

static bool ends_cell(int ch) { return ch < 0 || ch == ',' || ch == '\n' || ch == '\r'; }

static bool quoted_cell(struct csv *csv, struct buf *out)
{
    for (csv->at++;;) {
        int ch = peek(csv);
        if (ch < 0) {
            csv->problem = "a quotation mark is never closed";
            return false;
        }
        csv->at++;
        if (ch == '"') {
            if (peek(csv) != '"')
                break;
            csv->at++;
        } else if (ch == '\n' || (ch == '\r' && peek(csv) != '\n')) {
            csv->next_line++;
        }
        buf_char(out, (char)ch);
    }
    while (peek(csv) == ' ' || peek(csv) == '\t')
        csv->at++;
    if (ends_cell(peek(csv)))
        return true;
    csv->problem = "something follows a closing quotation mark";
    return false;
}

static bool cell(struct csv *csv, struct arena *mem, str *out)
{
    size_t start = csv->at;
    while (peek(csv) == ' ' || peek(csv) == '\t')
        csv->at++;
    if (peek(csv) == '"') {
        struct buf b = buf_new(mem, 1 << 20);
        bool fine = quoted_cell(csv, &b);
        if (fine && b.full) {
            csv->problem = "a cell is longer than 1 MB";
            fine = false;
        }
        *out = str_trim(buf_str(&b));
        return fine;
    }
    while (!ends_cell(peek(csv)))
        csv->at++;
    *out = str_trim((str){ csv->text.p + start, csv->at - start });
    return true;
}

int csv_next(struct csv *csv, struct arena *mem, str cells[CSV_COLUMNS])
{
    int n = 0;
    csv->problem = NULL;
    while (peek(csv) == '\n' || peek(csv) == '\r')
        end_line(csv); /* empty lines between records */
    csv->line = csv->next_line;
    if (peek(csv) < 0)
        return 0;
    for (;;) {
        str one;
        if (n == CSV_COLUMNS) {
            csv->problem = "more than 256 columns";
            break;
        }
        if (!cell(csv, mem, &one))
            break;
        cells[n++] = one;
        if (peek(csv) == ',') {
            csv->at++;
            continue;
        }
        if (peek(csv) >= 0)
            end_line(csv);
        return n;
    }
    while (peek(csv) >= 0 && peek(csv) != '\n')
        csv->at++; /* go on behind what could not be read */
    if (peek(csv) >= 0)
        end_line(csv);
    return -1;
}
