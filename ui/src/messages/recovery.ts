// The words of the recovery room.
import type { SetKind, SetStanding, TidyWay } from "../api";

const plural = (count: number, one: string, many: string) => (count === 1 ? `1 ${one}` : `${count.toLocaleString("en")} ${many}`);
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const date = new Intl.DateTimeFormat("en", { dateStyle: "long" });

const kind: Readonly<Record<SetKind, string>> = {
  codes: "Recovery codes", key: "Recovery key", document: "Document", notes: "Questions and notes", seed_phrase: "Seed phrase",
};
const standing: Readonly<Record<SetStanding, string>> = { good: "", low: "Low", empty: "All used", superseded: "Replaced" };
const tidied: Readonly<Record<TidyWay, string>> = { bin: "moved to the bin", erase: "overwritten and deleted" };

/** What a set holds, in few words: "13 of 16 left". */
function holds(set: { kind: SetKind; left: number; total: number; size: number }): string {
  if (set.kind === "codes") return `${set.left} of ${set.total} left`;
  if (set.kind === "key") return set.left > 0 ? "Recovery key" : "Recovery key, used";
  if (set.kind === "document") return set.size < 1024 ? `${set.size} bytes` : `${Math.ceil(set.size / 1024).toLocaleString("en")} KB`;
  return kind[set.kind];
}

export const recoveryWords = {
  title: "Recovery", kind, standing, holds,
  list: "Recovery sets", search: "Search recovery sets",
  add: "Add a downloaded file", paste: "Paste codes", type: "Type it in",
  emptyTitle: "No recovery codes yet",
  emptyLead: "Drop the file that a service gave you onto this window: recovery codes, a recovery key, a key file, a picture. It is sealed here, counted, and ready when you need it.",
  none: (query: string) => `Nothing matches “${query}”.`,
  replaced: "Replaced by newer sets",
  heading: (name: string, of: SetKind) => (of === "document" || of === "notes" ? name : `${name} ${kind[of].toLowerCase()}`),
  added: (at: number, source: string) => `added ${date.format(at)} from ${source}`,
  replacedOn: (at: number) => `A newer set took its place on ${date.format(at)}. Its codes are void and are not offered any more.`,
  sealed: "The downloaded file is sealed in the vault.",
  gone: (way: TidyWay, at: number) => `The downloaded file is sealed in the vault. Its copy outside was ${tidied[way]} on ${date.format(at)}.`,
  lockedTitle: "Recovery codes are locked",
  lockedLead: "They ask for themselves, even while your one-time codes are open: whoever sits at this computer gets one, not both. New files can be added all the same.",
  unlock: "Unlock", unlocking: "Unlocking…", lock: "Lock recovery codes",
  copyNext: "Copy next, mark used", copy: "Copy", copyKey: "Copy key", markUsed: "Mark used", markUnused: "Mark unused",
  copiedNext: (n: number) => (seconds: number) => `Code ${n} copied and marked used — clears in ${seconds} s`,
  copied: (seconds: number) => `Copied — clears in ${seconds} s`,
  show: "Show codes", hide: "Cover codes", showText: "Show", showPicture: "Show the picture", hidePicture: "Cover the picture", showPages: "Show the pages", hidePages: "Cover the pages",
  turn: { page: (page: number, count: number) => `Page ${page} of ${count}`, back: "Page before", on: "Next page", partly: "A part of this page is of a kind that is not drawn here. “Save a copy of the original” gives all of it back." },
  replace: "Replace with a new set", original: "Save a copy of the original", sheet: "Save a sheet to print", saved: (path: string) => `Saved: ${path}`,
  edit: "Edit", delete: "Delete", deleteAsk: "Delete this set with its original file? Earlier saved states of the vault keep it.", deleteGo: "Delete for good",
  used: (at: number | null) => (at === null ? "used before" : `used ${day.format(at)}`), unused: "unused", next: "next to use", spent: "void",
  codes: "Codes", code: (n: number) => `Code ${n}`,
  place: "Where it was used", placeHint: "New laptop, hotel computer …",
  lowLead: (left: number) => `${plural(left, "code is", "codes are")} left. Make new ones at the service while you can still sign in, then replace this set.`,
  emptySetLead: "Every code is used. Make new ones at the service, then replace this set.",
  name: "Name", account: "Account", noAccount: "No account", note: "Note", noteHint: "Anything that helps on the day: where, how, whom to call",
  documents: (kind: string) => ({ notes: "Text around the codes", private_key: "Private key", openpgp_private_key: "OpenPGP private key", armoured: "Armoured block", luks_header: "LUKS header", picture: "Picture", pdf: "PDF", binary: "File" })[kind] ?? kind,
  pages: (count: number) => plural(count, "page", "pages"),
  lines: (count: number) => plural(count, "line", "lines"),
  wanting: (count: number) => `${plural(count, "recovery set is", "recovery sets are")} low or used up`,
  wantingBanner: (names: string) => `Few recovery codes are left for ${names}.`, wantingAction: "Look at them",
  chip: (set: { kind: SetKind; left: number; total: number }) =>
    set.kind === "codes" ? `${set.left} of ${set.total} left` : set.kind === "key" && set.left > 0 ? "Recovery key stored" : set.kind === "key" ? "Recovery key used" : `${kind[set.kind]} stored`,
  chipNone: "No recovery codes",
  kept: (name: string) => `${name} is sealed in the vault`,
  drop: "Drop to keep", dropHelp: "Recovery codes, keys, documents: any file up to 10 MB",

  download: { found: (name: string) => `${name} in your Downloads folder looks like recovery codes.`, look: "Look at it" },

  hint: { copy: "copy next and mark used", undo: "undo", show: "show or cover", paste: "add from clipboard", add: "add a file", leave: "back to the codes" },

  split: {
    title: "Split it among people", lead: "Each gets a page. Any so many of them open the vault together; fewer learn nothing.",
    needed: "Needed", shares: "Shares", go: "Save the shares", done: (count: number) => `${count} pages saved. Print them, give them away, then delete the files.`,
  },

  review: {
    title: (source: string) => `Look at ${source}`,
    lead: "This is what was understood. Put right what is wrong; the file itself is kept as it is, byte for byte.",
    already: (name: string, at: number) => `This very file is kept already, as ${name}, since ${date.format(at)}.`,
    alreadyReplaced: (name: string, at: number) => `This very file was kept as ${name}, and a newer set took its place on ${date.format(at)}. Its codes are void at the service; keep it only if that was a mistake.`,
    found: (count: number, of: SetKind) => (count === 0 ? kind[of] : of === "codes" ? plural(count, "code", "codes") : kind[of]),
    original: "Original", understood: "Understood as", usedMark: "used", line: (n: number) => `line ${n}`,
    show: "Show the text", hide: "Cover the text", more: (count: number) => `and ${plural(count, "more line", "more lines")}`,
    join: "Join with the next", split: "Split in two", drop: "No code", take: "This is a code", markUsed: "Used",
    codeMenu: (n: number) => `Correct code ${n}`,
    provider: "Service", providerHint: "GitHub, bank, partner portal …", perhaps: (names: string) => `Perhaps ${names}`, name: "Name", nameHint: "The service’s name",
    account: "Belongs to", kind: "It is", replaces: "Takes the place of", nothing: "Nothing; it is a set of its own",
    replacesHelp: "Services void the old codes when they make new ones. The old set is kept, and never offered again.",
    keep: "Keep", keeping: "Sealing…", next: (count: number) => plural(count, "more file waits", "more files wait"),
    lockedHelp: "Recovery codes are locked now. This file is sealed so that only your passphrase or recovery key shows it again.",
    unusable: "This file cannot be kept", problems: "Look at", noText: "There is no text in this file. It is kept as it is.", picture: "A picture. It is kept as it is.",
    pdf: (pages: number, size: string) => `A PDF of ${plural(pages, "page", "pages")}, ${size}, without text. It is kept as it is.`,
  },
  typing: {
    title: "Type recovery codes in", lead: "One code a line, or questions with their answers.", label: "Codes, key, words or notes", go: "Look at it",
  },
  tidy: {
    title: "Take the download away?",
    lead: (source: string) => `${source} is sealed in the vault. The vault file was saved, read back and compared. The downloaded copy still lies where it was, readable by every program.`,
    bin: "Move to the bin", erase: "Overwrite and delete", leave: "Leave it there",
    binHelp: "It can be taken out again until the bin is emptied.",
    eraseHelp: "Its bytes are overwritten, then it is deleted. On SSDs, USB sticks, and file systems that copy on write or make snapshots (APFS, Btrfs, ZFS) an old copy may survive where no program reaches it; only full-disk encryption helps there. Copies in backups or the cloud stay.",
    done: "The downloaded copy is gone.",
  },
} as const;
