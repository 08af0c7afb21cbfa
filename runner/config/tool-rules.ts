// What is wrong with the rules for the tools of a server, or of a member of several, beyond their form.
import { ToolView, type ToolRules } from '../core/tool-view.ts';
import { CALL_TOOL, SEARCH_TOOL } from '../../shared/mcp/discovery.ts';
import { matcher } from '../../shared/mcp/name-rules.ts';
import type { Findings } from './findings.ts';
import type { Keys } from './problem.ts';

/** Says what is wrong with rules that stand at `keys`. */
export function judgeToolRules(rules: ToolRules, keys: Keys, findings: Findings): void {
  const { allow, rename = {}, describe = {}, arguments: fixed = {} } = rules;
  const ownOf = new Map<string, string>();
  for (const [own, shown] of Object.entries(rename)) {
    const other = ownOf.get(shown);
    ownOf.set(shown, own);
    if (other === undefined) continue;
    const what = `gives "${other}" and "${own}" the same name`;
    findings.problem([...keys, 'rename', own], what, 'Give each tool a name of its own.');
  }
  const view = new ToolView(rules);
  const isAllowed = allow && matcher(allow);
  for (const [setting, names] of Object.entries({ rename, describe, arguments: fixed })) {
    for (const own of Object.keys(names)) {
      const given = ownOf.get(own);
      if (view.shownName(own) !== undefined) continue;
      const isNewName = given !== undefined && given !== own && !Object.hasOwn(rename, own);
      const what = isNewName
        ? `names "${own}", but that is the new name of "${given}"`
        : 'is for a tool that clients may not call';
      const fix = isNewName
        ? `Rules name the server's own tools: write "${given}".`
        : isAllowed?.(own) === false
          ? `Name it in "allow" (by the server's own name), or remove this.`
          : 'Remove it, or change "deny": what that names may be no new name either.';
      findings.warning([...keys, setting, own], what, fix);
    }
  }
  for (const [index, name] of (allow ?? []).entries()) {
    const own = ownOf.get(name);
    if (own === undefined || own === name || isAllowed?.(own) === true) continue;
    const what = `names "${name}", but that is the new name of "${own}"`;
    const fix = `Rules name the server's own tools: write "${own}".`;
    findings.warning([...keys, 'allow', index], what, fix);
  }
}

/** Says which rules give a tool a name that the bridge needs itself where tools are searched. */
export function judgeNewNames({ rename = {} }: ToolRules, keys: Keys, findings: Findings): void {
  for (const [own, shown] of Object.entries(rename)) {
    if (shown !== SEARCH_TOOL && shown !== CALL_TOOL) continue;
    const what = `gives "${own}" the name of a tool of the bridge, which "discovery": "search" serves`;
    findings.problem([...keys, 'rename', own], what, 'Give it another name.');
  }
}
