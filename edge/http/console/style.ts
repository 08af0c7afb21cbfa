// The style of the console, beside that of all pages (pages/html.ts).

export const CONSOLE_STYLE = `
:root{--good:light-dark(#0a6b2d,#6fd08c);--bad:light-dark(#b3261e,#ff9d94);--faint:light-dark(#5a5f66,#a6abb3);--ground:light-dark(#fff,#15171a);--card:light-dark(#f7f8fa,#1d2024)}
body.console{max-width:none;padding:0;background:var(--ground);color:light-dark(#1b1d20,#e8eaed)}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:.5rem;z-index:2;padding:.5rem 1rem;background:var(--ground);border:2px solid var(--accent)}
.bar{position:sticky;top:0;z-index:1;display:flex;align-items:center;gap:1.25rem;padding:0 1.25rem;border-bottom:1px solid var(--line);background:var(--ground)}
.brand{font-weight:700;color:inherit;text-decoration:none;white-space:nowrap;padding:.875rem 0}
.bar nav{display:flex;flex:1;gap:.25rem;overflow-x:auto;scrollbar-width:thin}
.bar nav a{padding:.875rem .625rem;border-bottom:2px solid transparent;color:var(--faint);text-decoration:none;white-space:nowrap}
.bar nav a:hover{color:inherit}
.bar nav a[aria-current]{border-color:var(--accent);color:inherit;font-weight:600}
.bar form{margin:0}
main{max-width:72rem;margin:0 auto;padding:1.5rem 1.25rem 4rem;outline:0}
.console h2{margin-top:2rem}
.console .hint,.console .empty{opacity:1;color:var(--faint)}
.console a:focus-visible,.console summary:focus-visible,.console pre:focus-visible,.console textarea:focus-visible,.console select:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.heading{margin-bottom:1.25rem}
.heading p{margin:.125rem 0 0}
.state{padding:1.25rem 1.5rem;border:1px solid var(--line);border-left:.375rem solid var(--good);border-radius:.75rem;background:var(--card)}
.state.bad{border-left-color:var(--bad)}
.state .sentence{margin:0;font-size:1.375rem;font-weight:600;overflow-wrap:anywhere}
.attention{margin:0;padding:0;list-style:none}
.attention li{margin:0 0 .625rem;padding:.75rem 1rem;border:1px solid var(--line);border-left:.25rem solid var(--warn);border-radius:.5rem;background:var(--card)}
.attention li.bad{border-left-color:var(--bad)}
.attention p{margin:0;overflow-wrap:anywhere}
.attention .what{font-weight:600}
.badge{display:inline-block;padding:0 .5rem;border:1px solid currentColor;border-radius:1rem;font-size:.8125rem;line-height:1.5;white-space:nowrap}
.badge.good{color:var(--good)}
.badge.bad{color:var(--bad)}
.badge.warn{color:var(--warn)}
.badge.plain{color:var(--faint)}
.badge+.badge{margin-left:.375rem}
.console table{font-size:.9375rem}
.console thead th{color:var(--faint);font-size:.8125rem;font-weight:500}
.console td{overflow-wrap:anywhere}
.console .action{display:inline;margin:0}
.console button{width:auto}
.console button:first-of-type{border-color:light-dark(#767676,#8a8a8a);background:transparent;color:inherit;font-weight:500}
.console button.main{border-color:var(--accent);background:var(--accent);color:light-dark(#fff,#000);font-weight:600}
.console button.small{padding:.25rem .75rem;font-size:.875rem}
.console button:hover{background:var(--soft)}
.console button.main:hover{filter:brightness(1.1);background:var(--accent)}
.filter,.toolbar{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end}
.filter .field{flex:1 1 10rem}
.toolbar{align-items:center;margin:.75rem 0}
.field{margin:0 0 .75rem}
.field label{margin-bottom:.125rem;font-size:.875rem}
.filter .field{margin:0}
.field .hint{margin:.25rem 0 0}
.console input,.console select,.console textarea{padding:.4375rem .625rem;background:var(--ground)}
.console select,.console textarea{box-sizing:border-box;width:100%;border:1px solid light-dark(#767676,#8a8a8a);border-radius:.5rem;color:inherit;font:inherit}
.console textarea{min-height:6rem;font:.875rem/1.5 ui-monospace,monospace;resize:vertical}
.console input[type=checkbox],.console input[type=radio]{width:auto;margin-right:.5rem}
.calls{border:1px solid var(--line);border-radius:.75rem;overflow:hidden}
.call+.call{border-top:1px solid var(--line)}
.call summary{display:grid;grid-template-columns:4.5rem 3fr 2fr 3fr 11rem 4.5rem;gap:.75rem;align-items:baseline;padding:.5rem 1rem;cursor:pointer;list-style:none}
.call summary .badge{justify-self:start;max-width:100%}
.call summary::-webkit-details-marker{display:none}
.call summary:hover{background:var(--soft)}
.call[open] summary{background:var(--soft)}
.call time,.call .where,.call .who{color:var(--faint);font-size:.875rem}
.call .what{font-weight:600}
.call span{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.call .ms{text-align:right;font-variant-numeric:tabular-nums;font-size:.875rem}
.call time{font-variant-numeric:tabular-nums}
.unfolded{padding:.75rem 1rem 1rem;border-top:1px solid var(--line);background:var(--card)}
.timeline svg{display:block;width:100%;height:.75rem;border-radius:.25rem}
.timeline .edge{fill:var(--accent)}
.timeline .rest,.timeline .link{fill:light-dark(#a9b4c4,#4d5866)}
.timeline .process{fill:var(--good)}
.timeline p{font-size:.875rem}
.key::before{content:"";display:inline-block;width:.625rem;height:.625rem;margin-right:.375rem;border-radius:.125rem;background:light-dark(#a9b4c4,#4d5866)}
.key.edge::before{background:var(--accent)}
.key.process::before{background:var(--good)}
.facts{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:.75rem 0}
.facts dt,.facts dd{margin:0}
.console dt{opacity:1;color:var(--faint)}
.copyable{display:flex;gap:.5rem;align-items:start;margin:.5rem 0}
.copyable pre{flex:1;margin:0;min-width:0;white-space:pre-wrap;overflow-wrap:anywhere}
.copyable button{flex:none}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(20rem,100%),1fr));gap:1rem}
#live+.panel,table+.panel,.page+.panel,.panel+.panel,form+.panel{margin-top:1.5rem}
.grid>.panel{margin-top:0}
.grid .copyable{flex-direction:column;align-items:stretch}
.grid .copyable button{align-self:start;padding:.25rem .75rem;font-size:.875rem}
.panel{padding:1rem 1.25rem;border:1px solid var(--line);border-radius:.75rem;background:var(--card)}
.panel h2,.panel h3{margin-top:0}
.panel>:last-child{margin-bottom:0}
.console select.narrow{width:auto}
.toolbar label{margin:0}
.qr{display:block;width:11rem;height:11rem;padding:.5rem;border-radius:.5rem;background:#fff}
.qr path{fill:#000}
.link-button{display:inline-block;padding:.4375rem .875rem;border:1px solid light-dark(#767676,#8a8a8a);border-radius:.5rem;color:inherit;text-decoration:none;font-weight:500}
.steps{padding:0;list-style:none}
.steps li{padding:.25rem 0 .25rem 1.5rem;position:relative;overflow-wrap:anywhere}
.steps li::before{content:"✓";position:absolute;left:0;color:var(--good);font-weight:700}
.steps li.missing::before{content:"✗";color:var(--bad)}
.steps li.missing{color:var(--bad);font-weight:600}
.result{margin-top:1.5rem}
.result img{max-width:100%;border:1px solid var(--line);border-radius:.5rem}
.console pre{background:var(--soft);white-space:pre-wrap;overflow-wrap:anywhere}
.message{padding:.75rem 1rem;border-left:.25rem solid var(--good);border-radius:.25rem;background:var(--card);font-weight:600}
.message.bad{border-left-color:var(--bad)}
.choices{display:flex;flex-wrap:wrap;gap:.5rem;padding:0;list-style:none}
.choices a{display:block;padding:.375rem .875rem;border:1px solid var(--line);border-radius:1rem;color:inherit;text-decoration:none}
.choices a[aria-current]{border-color:var(--accent);color:var(--accent);font-weight:600}
.console textarea.line{min-height:0;font:inherit;field-sizing:content;max-height:12rem}
.message.changed{border-left-color:var(--warn);font-weight:400}
.tool{padding:.75rem 0;border-bottom:1px solid var(--line)}
.tool p{margin:.25rem 0;overflow-wrap:anywhere}
.console .card{margin-top:12vh}
@media(max-width:48rem){
.bar{flex-wrap:wrap;gap:0 1rem;padding:0 1rem}
.brand{flex:1}
.bar nav{order:3;flex-basis:100%;margin:0 -1rem;padding:0 .5rem}
.bar nav a{padding:.5rem .625rem}
main{padding:1rem 1rem 3rem}
.state{padding:1rem}
.state .sentence{font-size:1.1875rem}
.call summary{grid-template-columns:1fr auto;gap:.125rem .75rem}
.call .what{grid-row:1;grid-column:1}
.call summary .badge{grid-row:1;grid-column:2;justify-self:end}
.call .where{grid-row:2;grid-column:1}
.call .ms{grid-row:2;grid-column:2}
.call .who{grid-row:3;grid-column:1}
.call time{grid-row:3;grid-column:2;text-align:right}
table.cards,.cards tbody,.cards tr,.cards td{display:block}
.cards thead{position:absolute;left:-99rem}
.cards tr{margin-bottom:.75rem;padding:.5rem 1rem;border:1px solid var(--line);border-radius:.75rem}
.cards td{display:flex;justify-content:space-between;gap:1rem;padding:.3125rem 0;border:0;text-align:right}
.cards td::before{content:attr(data-title);color:var(--faint);text-align:left}
}
`;
