// The words of the readiness room and of fire drills.
import type { Advice, CopyView, LossReason, Reminder, WayBack } from "../api";

const plural = (count: number, one: string, many: string) => (count === 1 ? `1 ${one}` : `${count.toLocaleString("en")} ${many}`);
const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const moment = new Intl.DateTimeFormat("en", { dateStyle: "medium", timeStyle: "short" });

const way: Readonly<Record<WayBack, string>> = {
  recovery_codes: "Recovery code", recovery_key: "Recovery key", document: "Key file or document", second_device: "Second device", admin_reset: "Only an admin can reset it", nothing: "Nothing",
};
const advice: Readonly<Record<Advice, string>> = {
  add_codes: "add recovery codes", replace: "all used: make new codes", ask_second_device: "ask for a second device", replace_soon: "replace soon", look_at: "look at its codes", nothing: "ready",
};
const why: Readonly<Record<LossReason, string>> = {
  account_missing: "the copy does not have this account", account_differs: "the copy makes other codes for this account", set_missing: "the copy does not have this recovery set",
  set_differs: "the copy lacks unused codes of this set, or has another text or file", set_deleted: "this recovery set was there at the last drill and was deleted, with none in its place",
};

function reminder(it: Reminder): string {
  switch (it.what) {
    case "keep_kit": return "The emergency kit is not confirmed as kept. Without it a forgotten passphrase cannot be replaced.";
    case "no_backup_elsewhere": return "No copy of the vault outside this computer is known. Choose a folder for backups in Settings, or copy the vault file to a stick and drill with that.";
    case "backups_on_this_disk": return `Backups go to ${it.folder}, on this computer’s disk, and are gone with it. Choose a folder on another drive or a share in Settings; a synced folder is marked there.`;
    case "backups_damaged": return it.names.length === 1 ? `A backup is damaged and cannot be read: ${it.names[0]}.` : `${it.names.length} backups are damaged and cannot be read: ${it.names.slice(0, 3).join(", ")}${it.names.length > 3 ? " …" : ""}.`;
    case "kit_older_than_slots": return "A way into the vault was added after the emergency kit was made. Make sure that the kit at hand is still the right one.";
    case "never_drilled": return "You have not tried the way back yet. A fire drill takes a minute.";
    case "drill_failed": return "The last fire drill found that something would be lost.";
    case "drill_old": return "The last fire drill is more than half a year ago.";
    case "set_low": return `Few codes are left in ${it.name}.`;
    case "set_stale": return `Nobody has looked at ${it.name} for a year.`;
  }
}

export const readinessWords = {
  title: "If you lost this computer today", way, advice, reminder,
  back: (back: number, total: number) => `${back} of ${plural(total, "account", "accounts")}`,
  backFrom: (at: number) => `would be back from the vault as saved ${moment.format(at)}`, backHere: "would be back: the only copy known is on this computer’s disk", backNone: "There is no copy that could be read",
  percent: (back: number, total: number) => (total === 0 ? "–" : `${Math.floor((100 * back) / total)}%`),
  ring: (back: number, total: number) => `${back} of ${total} accounts would be back`,
  copy: "Newest copy", copyHere: "on this computer’s disk", copyElsewhere: "outside this computer", copyNone: "None", verified: "Opens", missing: "None elsewhere",
  kit: "Emergency kit", kitAt: (at: number) => `Confirmed ${day.format(at)}`, kitNone: "Not confirmed", kitOpens: "opens the newest copy", kitNot: "make one in Settings", tested: "Kept", untested: "Missing",
  keyring: "This computer’s keyring", keyringOn: "Unlocks the vault", keyringOff: "Not used", keyringToo: "the passphrase works too", keyringKit: "the kit works too", fine: "Healthy",
  account: "Account", wayBack: "Way back in without this computer", codes: "Codes", from: "Restored from", todo: "What to do",
  left: ({ ways, left }: { ways: readonly WayBack[]; left: number }) => [left > 0 ? `${left} left` : "", ways.includes("recovery_key") ? "key stored" : "", ways.includes("document") ? "document stored" : ""].filter(Boolean).join(", ") || "none",
  withoutSets: "without its newest recovery codes",
  inCopies: (newest: CopyView, others: number) => `${day.format(newest.saved_at)}${newest.elsewhere ? "" : ", on this disk"}${newest.kit_opens ? ", kit" : ""}${others > 0 ? `, and ${plural(others, "older copy", "older copies")}` : ""}`,
  copyLine: (copy: CopyView) => `${moment.format(copy.saved_at)}: ${copy.path}${copy.elsewhere ? "" : " (on this computer’s disk)"}${copy.kit_opens ? ", opens with the kit" : ""}`,
  copiesOf: (name: string) => `Copies of the vault that have ${name}`, notInCopy: "Nothing yet",
  drilled: (at: number) => `drilled ${day.format(at)}`,
  edit: (name: string) => `Other ways back into ${name}`, second: "Another device makes its codes too", admin: "An admin can reset it", addCodes: "Add recovery codes",
  empty: "There are no accounts yet. Add one, and this page says what would bring it back.",
  todos: "To do, most dangerous first",
  paper: {
    open: "Paper backup", title: "Paper backup", lead: "Chosen accounts and recovery codes as a sealed booklet of QR codes. It opens with what you type here and nothing else; photographs of its pages bring it back: “Restore from paper”, on a computer without a vault.",
    accounts: "Accounts", sets: "Recovery sets", all: (count: number) => `All ${count}`, originals: "Original files of recovery sets are too long for paper and stay out.",
    go: "Save as PDF", going: "Drawing…",
  },
  run: "Run a fire drill",
  drill: {
    title: "Fire drill",
    lead: "In an empty temporary folder Keyhaven opens a copy of your vault as a new computer would: without this computer’s keyring, with what you type now. It makes one code for each account and compares. Nothing is changed.",
    copy: "From", newest: (at: number) => `The newest copy known, saved ${moment.format(at)}`, chosen: (at: number) => `The copy that you chose, saved ${moment.format(at)}`,
    choose: "Choose another backup…", useNewest: "Take the newest",
    kitHelp: "Best tried with the recovery key, read from the paper you would have.",
    go: "Start", going: "Opening the copy…",
    good: "Everything would be back", local: "Everything is in this copy, and it would be gone with this computer", codes: (count: number) => (count === 0 ? "" : ` (${plural(count, "code", "codes")})`),
    usedSince: (count: number) => `${plural(count, "code was", "codes were")} used since this copy was made. It would offer ${count === 1 ? "it" : "them"} once more, and the service refuses ${count === 1 ? "it" : "them"}.`, bad: (count: number) => `${plural(count, "thing", "things")} would be lost`,
    facts: (accounts: number, sets: number, codes: number) => `${plural(accounts, "account makes", "accounts make")} the same code, ${plural(sets, "recovery set is", "recovery sets are")} there with ${plural(codes, "code", "codes")} left.`,
    from: (at: number, kit: boolean) => `From the copy of ${moment.format(at)}, opened with the ${kit ? "emergency kit" : "passphrase"}.`,
    here: "This copy is on this computer’s disk and goes with it. Without one elsewhere nothing of it would be there.",
    damaged: (names: readonly string[]) => `${names.length === 1 ? "A backup beside it is" : "Backups beside it are"} damaged and cannot be read: ${names.join(", ")}.`,
    lost: "Would be lost", why, done: "Done", last: (at: number) => `Last drill: ${moment.format(at)}`,
  },
} as const;
