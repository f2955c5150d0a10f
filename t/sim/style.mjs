// The hosted page's one style sheet. Paper, ink and one accent, in light and dark.

export const STYLE = `
:root{--paper:#f7f5f0;--card:#fff;--ink:#1d1c1a;--ink-2:#5d5a54;--line:#dcd8cf;--accent:#1f5c46;
--accent-ink:#fff;--bad:#a02c1e;--bad-paper:#fbeeea;--test:#f4dfae;--test-ink:#4a3600}
@media(prefers-color-scheme:dark){:root{--paper:#171613;--card:#201f1b;--ink:#f0ede6;
--ink-2:#b1aca1;
--line:#3b3832;--accent:#7fcdab;--accent-ink:#0d2219;--bad:#f19a8b;--bad-paper:#3a1e19;
--test:#57430f;
--test-ink:#ffeec2}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,sans-serif;
-webkit-text-size-adjust:100%}
:lang(th){line-height:1.65}
p,ul,h1,h2{margin:0}
ul{padding:0;list-style:none}
a{color:var(--accent)}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.test{background:var(--test);color:var(--test-ink);text-align:center;
padding:8px 16px;font-size:.875rem}
.pay{max-width:1040px;margin:0 auto}
.order,.form{padding:24px 20px}
.form{background:var(--card);border-top:1px solid var(--line)}
.merchant{display:flex;align-items:center;gap:12px;font-weight:600}
.mark{display:grid;place-items:center;width:36px;height:36px;border-radius:8px;
background:var(--accent);
color:var(--accent-ink);font-size:1.125rem}
.amount{font-size:clamp(2rem,1.6rem + 2vw,2.75rem);line-height:1.2;font-weight:650;
font-variant-numeric:tabular-nums;letter-spacing:-.01em}
.order ul{margin-top:20px;border-top:1px solid var(--line)}
.order li,.sum{display:flex;justify-content:space-between;gap:16px;padding:14px 0;
border-bottom:1px solid var(--line)}
.order li b{font-weight:500}
.order li p{color:var(--ink-2);font-size:.875rem}
.order li span,.sum span{font-variant-numeric:tabular-nums;white-space:nowrap}
.sum{border:0;font-weight:600}
h1{font-size:1.5rem;line-height:1.25;text-wrap:balance}
.ask{margin-top:20px;color:var(--ink-2);font-size:1rem;font-weight:400}
h2{font-size:1.0625rem;line-height:1.4;margin:24px 0 8px}
form h2:first-child{margin-top:0}
.field{margin-bottom:14px}
label{display:block;font-size:.875rem;color:var(--ink-2);margin-bottom:4px}
input{width:100%;min-height:48px;padding:10px 12px;font:inherit;font-variant-numeric:tabular-nums;
color:var(--ink);background:var(--card);border:1px solid #8d887d;border-radius:8px}
input[readonly]{background:var(--paper)}
input::placeholder{color:var(--ink-2);opacity:.75}
input[aria-invalid]{border-color:var(--bad);border-width:2px}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:12px}
.error{color:var(--bad);font-size:.875rem;margin-top:4px}
.alert{background:var(--bad-paper);border:1px solid var(--bad);border-radius:8px;padding:12px 16px;
margin-bottom:20px}
.alert b{color:var(--bad)}
button,.button{display:block;width:100%;min-height:52px;padding:12px 20px;font:inherit;
font-weight:600;
font-size:1.0625rem;text-align:center;text-decoration:none;color:var(--accent-ink);
background:var(--accent);border:1px solid var(--accent);border-radius:8px;cursor:pointer}
form>button{margin-top:20px}
button.plain{color:var(--ink);background:none;border-color:var(--line);font-weight:500}
.back{margin-top:12px;text-align:center}
.back a,.quiet{display:inline-block;padding:10px 8px;min-height:44px}
.help{padding:12px 20px 32px;border-top:1px solid var(--line)}
summary{min-height:44px;padding:10px 0;font-weight:600;cursor:pointer}
details>p{color:var(--ink-2);font-size:.875rem}
.cards{margin-top:8px}
.cards li{display:grid;grid-template-columns:1fr auto;align-items:center;gap:0 12px;padding:6px 0;
border-top:1px solid var(--line)}
.cards .number{font-variant-numeric:tabular-nums;font-weight:500;white-space:nowrap}
.cards .what{grid-row:2;color:var(--ink-2);font-size:.875rem}
.cards a{grid-column:2;grid-row:1/3;padding:11px 8px;min-height:44px;white-space:nowrap}
.notice{max-width:460px;margin:10vh auto 0;padding:28px 24px;display:grid;gap:16px;
background:var(--card);border:1px solid var(--line);border-radius:8px}
.bank form{display:grid;gap:12px;margin-top:8px}
@media(max-width:500px){.notice{margin:24px 16px 0}}
@media(min-width:860px){
.pay{display:grid;grid-template:"order form" auto "help form" 1fr/1fr minmax(420px,480px);
gap:32px 56px;padding:48px 32px;align-items:start}
.order{grid-area:order;padding:8px 0}
.help{grid-area:help;padding:12px 0}
.form{grid-area:form;border:1px solid var(--line);border-radius:8px;padding:32px}
}
`;
