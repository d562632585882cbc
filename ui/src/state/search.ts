// Finding accounts as someone types: every word must match somewhere, the best match comes first.
import type { AccountRow, Sort } from "../api";

/** Lower case, without diacritics, so that "cafe" finds "Café". */
export const fold = (text: string): string => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();

const WORD_START = /[\s._@:/\-+()·]/;

// Whoever types two letters means a beginning: one in a tag outweighs the inside of an issuer.
const START = 12, WORD = 9, INSIDE = 2;

/** How well `word` matches `text`: at its start, at a word's start, inside, or not at all (0). */
function closeness(text: string, word: string): number {
  let at = text.indexOf(word);
  if (at < 0) return 0;
  if (at === 0) return START;
  for (; at > 0; at = text.indexOf(word, at + 1)) if (WORD_START.test(text[at - 1] ?? "")) return WORD;
  return INSIDE;
}

const ISSUER = 3, NAME = 2, TAG = 1;

function wordScore(issuer: string, name: string, tags: readonly string[], word: string): number {
  const whole = issuer === word ? START : 0;
  return whole + ISSUER * closeness(issuer, word) + NAME * closeness(name, word)
    + TAG * tags.reduce((best, tag) => Math.max(best, closeness(tag, word)), 0);
}

/** A row with its folded words, made once for each row and not for each keystroke. */
export interface Indexed { readonly row: AccountRow; readonly issuer: string; readonly name: string; readonly tags: readonly string[] }

export const indexed = (rows: readonly AccountRow[]): Indexed[] =>
  rows.map((row) => ({ row, issuer: fold(row.issuer), name: fold(row.name), tags: row.tags.map(fold) }));

/** The rows in which every word of `query` matches, best first; rows that match equally well keep their order. */
export function search(index: readonly Indexed[], query: string): AccountRow[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return index.map(({ row }) => row);
  const hits: { row: AccountRow; score: number }[] = [];
  for (const { row, issuer, name, tags } of index) {
    let score = 0;
    for (const word of words) {
      const found = wordScore(issuer, name, tags, word);
      if (found === 0) { score = -1; break; }
      score += found;
    }
    if (score >= 0) hits.push({ row, score });
  }
  return hits.sort((a, b) => b.score - a.score).map(({ row }) => row);
}

/** What of a recovery set is searched: its name, its service, its account. A code's text is in no index. */
export interface Findable { readonly name: string; readonly provider: string; readonly account_name: string | null }

/** The sets in which every word of `query` matches, best first; none for an empty query. */
export function searchSets<Set extends Findable>(sets: readonly Set[], query: string): Set[] {
  const words = fold(query).split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const hits: { set: Set; score: number }[] = [];
  for (const set of sets) {
    const [name, provider, account] = [fold(set.name), fold(set.provider), fold(set.account_name ?? "")];
    const scores = words.map((word) => ISSUER * closeness(name, word) + NAME * closeness(provider, word) + TAG * closeness(account, word));
    if (scores.every((score) => score > 0)) hits.push({ set, score: scores.reduce((sum, score) => sum + score, 0) });
  }
  return hits.sort((a, b) => b.score - a.score).map(({ set }) => set);
}

const collator = new Intl.Collator(undefined, { sensitivity: "base", numeric: true });

/** The order of the list: pinned rows first, then as the settings say. */
export function ordered(rows: readonly AccountRow[], sort: Sort): AccountRow[] {
  const byName = (a: AccountRow, b: AccountRow) => collator.compare(a.name || a.issuer, b.name || b.issuer);
  const byIssuer = (a: AccountRow, b: AccountRow) => collator.compare(a.issuer || a.name, b.issuer || b.name) || byName(a, b);
  const compare: Record<Sort, (a: AccountRow, b: AccountRow) => number> = {
    manual: (a, b) => a.position - b.position,
    issuer: byIssuer,
    name: (a, b) => byName(a, b) || byIssuer(a, b),
    recent: (a, b) => (b.used_at ?? 0) - (a.used_at ?? 0) || byIssuer(a, b),
  };
  return [...rows].sort((a, b) => Number(b.pinned) - Number(a.pinned) || compare[sort](a, b));
}

/** All tags with the number of their accounts, in alphabetical order. */
export function tagCounts(rows: readonly AccountRow[]): { tag: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const row of rows) for (const tag of row.tags) counts.set(tag, (counts.get(tag) ?? 0) + 1);
  return [...counts].map(([tag, count]) => ({ tag, count })).sort((a, b) => collator.compare(a.tag, b.tag));
}
