// Every word on screen, in English. Another language is another table of the type `Messages`.
import type { FailureKind, KeyringState, KindName, Sort, Standing, Theme } from "../api";
import type { Action } from "../state/keys";
import { account } from "./account";
import { camera } from "./camera";
import { coming } from "./coming";
import { date, moment, plural } from "./forms";
import { moving } from "./moving";
import { readinessWords } from "./readiness";
import { recoveryWords } from "./recovery";
import { safety } from "./safety";

/** What happened, and a way on. */
export interface Words { readonly title: string; readonly help: string }

const failure: Readonly<Record<FailureKind, Words>> = {
  wrong_passphrase: { title: "This passphrase does not open the vault.", help: "Check Caps Lock and the keyboard layout, then try again." },
  wrong_recovery_key: { title: "This recovery key belongs to another vault, or was replaced by a newer one.", help: "Compare the vault's name on the emergency kit with the one below." },
  mistyped_recovery_key: { title: "There is a slip in the recovery key.", help: "Its check characters do not fit. Compare it with the kit group by group." },
  keyring: { title: "The keyring did not help.", help: "Use your passphrase or recovery key." },
  locked: { title: "The vault is locked.", help: "Unlock it and try again." },
  no_vault: { title: "There is no vault here.", help: "Create one, or open an existing one." },
  vault_exists: { title: "There already is a vault here.", help: "It was left alone. Unlock it, or choose another folder." },
  damaged_vault: { title: "The vault file is damaged.", help: "It was left untouched. An earlier saved state may still open." },
  vault_unreachable: { title: "The vault file cannot be reached.", help: "Its stick, share or synced folder may not be there yet. Nothing was changed; look again once it is." },
  newer_vault: { title: "This vault was written by a newer Keyhaven.", help: "Update Keyhaven to open it. The file was left untouched." },
  not_saved: { title: "The change could not be saved.", help: "The vault on disk is as it was before. Check the disk's free space and permissions." },
  no_such_account: { title: "This account is no longer there.", help: "It may have been deleted in another window or on another computer." },
  recovery_locked: { title: "Recovery codes are locked.", help: "Unlock them with your passphrase or recovery key." },
  no_such_set: { title: "This recovery set is no longer there.", help: "It may have been deleted in another window or on another computer." },
  bad_input: { title: "Something in this entry cannot be used.", help: "Correct it and try again." },
  weak_passphrase: { title: "This passphrase is too easy to guess.", help: "Make it longer: four or five unrelated words are good." },
  kit_mismatch: { title: "These groups are not the ones on the kit.", help: "Compare them with your copy once more." },
  kit_needed: { title: "This needs a kept emergency kit first.", help: "Without a kit and without a passphrase nothing would open the vault if the keyring is lost." },
  backup_passphrase: { title: "The backups’ own passphrase has to be set anew.", help: "The vault’s keys were renewed since it was set." },
  another_vault: { title: "This is another vault.", help: "Only copies and backups of this vault fit here. Nothing was changed." },
  last_way_in: { title: "This is the last way in that does not depend on this computer.", help: "Add another passphrase or keep an emergency kit first." },
  clipboard: { title: "The clipboard did not answer.", help: "Try again; another program may be holding it." },
  camera: { title: "There is no picture from a camera.", help: "" },
  other: { title: "That did not work.", help: "Nothing was changed." },
};

const keyring: Readonly<Record<KeyringState, Words>> = {
  unasked: { title: "The keyring was not asked yet.", help: "" },
  ready: { title: "This computer’s keyring is ready.", help: "" },
  absent: { title: "This computer has no keyring running.", help: "Use your passphrase or recovery key. On Linux, GNOME Keyring or KWallet has to run in your session." },
  no_collection: { title: "The keyring service has no default keyring.", help: "Create one where your system manages passwords (“Passwords and Keys”: a keyring, set as default), or use your passphrase or recovery key." },
  locked: { title: "The keyring is locked.", help: "Unlock it where your system asks for it and try again, or use your passphrase or recovery key." },
  refused: { title: "The keyring refused.", help: "Access was denied by you or by a rule of this computer. Try again and allow it, or use your passphrase or recovery key." },
  missing: { title: "The keyring has no key for this vault.", help: "Use your passphrase or recovery key; after that the key can be put back." },
  foreign: { title: "The keyring has a key that does not open this vault.", help: "It may belong to an older copy. It was left alone. Use your passphrase or recovery key." },
  ambiguous: { title: "The keyring has several keys for this vault.", help: "Which one is right cannot be told. Use your passphrase or recovery key." },
  failed: { title: "The keyring did not answer properly.", help: "Try again, or use your passphrase or recovery key." },
};

const standing: Readonly<Record<Standing, string>> = {
  new: "New", already_there: "Already in your vault", counter_ahead: "Its counter is further on", same_name_other_secret: "Same name, another secret",
};
const kind: Readonly<Record<KindName, string>> = {
  totp: "Time-based (TOTP)", hotp: "Counter-based (HOTP)", steam: "Steam Guard", motp: "Mobile-OTP", yandex: "Yandex Key",
};
const theme: Readonly<Record<Theme, string>> = { system: "As the system", light: "Light", dark: "Dark" };
const sort: Readonly<Record<Sort, string>> = { manual: "By hand", issuer: "By issuer", name: "By name", recent: "Recently used first" };
const action: Readonly<Record<Action, string>> = {
  copy: "copy code", details: "details", edit: "edit", pin: "pin to the top", delete: "delete", up: "one up", down: "one down",
  page_up: "a page up", page_down: "a page down", first: "first account", last: "last account",
  move_up: "move up (order by hand)", move_down: "move down (order by hand)", search: "search", clear: "clear the search",
  add: "add account", paste: "add from the clipboard", lock: "lock", help: "all keys", settings: "settings",
  next: "next one-time code", reveal: "show QR code and secret", undo: "undo", codes: "codes", recovery: "recovery", readiness: "readiness",
};

export const en = {
  ...account,
  ...safety,
  ...moving,
  ...coming,
  ...camera,
  failure, keyring, standing, kind, theme, sort, action, plural,
  date: (at: number) => date.format(at),
  moment: (at: number) => moment.format(at),
  letters: (count: number) => (count === 1 ? "1 character" : `${count.toLocaleString("en")} characters`),
  size: (bytes: number) => (bytes < 1024 ? `${bytes} bytes` : `${Math.ceil(bytes / 1024).toLocaleString("en")} KB`),
  hint: { copy: "copy code", details: "details", down: "to the list", pin: "pin", edit: "edit", delete: "delete", paste: "add from clipboard", add: "add" },
  app: "Keyhaven",
  recovery: recoveryWords,
  readiness: readinessWords,
  close: "Close", cancel: "Cancel", back: "Back", save: "Save", undo: "Undo", tryAgain: "Try again", dismiss: "Dismiss",
  starting: "Opening Keyhaven…",
  notStarted: "Keyhaven could not look at its vault.",
  duration: (seconds: number) => (seconds < 60 ? plural(seconds, "second", "seconds") : seconds < 3600 ? plural(Math.round(seconds / 60), "minute", "minutes") : plural(Math.round(seconds / 360) / 10, "hour", "hours")),

  first: {
    title: "Your codes, sealed on your own computer",
    lead: "Keyhaven shows your one-time codes and keeps what they need in one sealed file that nobody else can read. It never goes online.",
    create: "Create a vault", creating: "Sealing the vault…",
    elsewhere: "Already have one?",
    open: "Open a vault", restore: "Restore a backup",
    folder: (path: string) => `The vault will be kept in ${path}`,
    passphrase: "Passphrase", again: "Passphrase again", mismatch: "The two passphrases differ.",
    without: "No passphrase: open with this computer’s keyring and the emergency kit only",
    keyring: "Also unlock with this computer’s keyring",
    keyringHelp: "Keyhaven then opens without typing while you are signed in here. The passphrase keeps working.",
    keyringOff: "Not possible right now:",
    keyringFailed: "No vault was created. Type the passphrase again to create it without the keyring; it can be added later in Settings.",
    chosen: (id: string) => `Vault ${id}`,
    chosenFacts: (saved: string, size: string) => `Last saved ${saved} · ${size}`,
    useHere: "Use it where it is", useCopy: "Copy it into Keyhaven’s folder",
    useCopyHelp: "The backup itself stays as it is.", useHereHelp: "Fits a synced folder or a stick.",
  },
  strength: {
    names: ["guessed at once", "very weak", "weak", "good", "strong"],
    guess: (time: string) => `guessing it takes ${time}`,
    short: "At least 8 characters.",
  },
  showPassphrase: "Show", hidePassphrase: "Hide", showPassphraseLabel: "Show the passphrase", hidePassphraseLabel: "Hide the passphrase",

  kit: {
    title: "Your emergency kit",
    lead: "If you forget the passphrase or lose this computer, this key opens your vault or its backup. Put it on paper, away from this computer.",
    neverMade: "Keyhaven locked before the kit was confirmed, so this vault was never made. Destroy what you printed or wrote down of its kit.",
    key: "Recovery key", vault: "Vault", made: "Made", qr: "Recovery key as a QR code",
    group: (n: number) => `Group ${n}`,
    print: "Print", pdf: "Save as PDF", svg: "Save as SVG",
    saved: (path: string) => `Saved: ${path}`,
    savedCare: "A file on this computer helps only as long as this computer does. Move it to a stick or print it.",
    proof: (a: number, b: number) => `Type back groups ${a} and ${b} from your copy`,
    hidden: "The key is covered while you type. Read the groups from your copy.", uncover: "Show the key again",
    confirm: "I have kept it", later: "Later",
    laterHelp: "Keyhaven will remind you.",
    noLater: "This vault has no passphrase, so the kit has to be kept before you go on.",
    printHelp: "To use it: open Keyhaven, choose the vault or a backup of it, then “Use the recovery key”.",
  },

  paper: {
    open: "Restore from paper", title: "Restore from paper", lead: "Photograph or scan every page of your paper backup, straight from above and in good light.",
    choose: "Choose the pictures", more: "Add more pictures", reading: "Looking for codes…", drop: "Or drop them on this window, in any order.",
    have: (have: number, count: number) => `${have} of ${plural(count, "code", "codes")} read`,
    missing: (pages: readonly number[]) => (pages.length === 1 ? `Page ${pages[0]} is missing or was not read whole.` : `Pages ${pages.slice(0, -1).join(", ")} and ${pages.at(-1)} are missing or were not read whole.`),
    over: "Start over", go: "Restore it", opens: "It opens with the passphrase or recovery key of the day on which it was printed.",
  },
  papers: { label: "Paper for printing", help: "For emergency kits, sheets of codes and paper backups.", a4: "A4", letter: "Letter" },

  unlock: {
    demo: "This is the demonstration vault. Its passphrase is: demo",
    title: "Unlock your vault",
    keyringAsked: "Asking this computer’s keyring…",
    keyring: "Unlock with the keyring",
    passphrase: "Passphrase", recovery: "Recovery key", recoveryHelp: "The groups from your emergency kit. Spaces and dashes do not matter.",
    submit: "Unlock", busy: "Unlocking…",
    useRecovery: "Use the recovery key", usePassphrase: "Use the passphrase",
    vault: (id: string) => `Vault ${id}`, saved: (when: string) => `Last saved ${when}`,
    empty: "Type it in first.",
    noDoor: "This vault has neither a passphrase nor a recovery key. Only this computer’s keyring opens it.",
  },
  unreadable: {
    title: "The vault cannot be read",
    untouched: "The file was left exactly as it is:",
    generations: "Backups and earlier saved states", generationsHelp: "Look into one before you put it in the place of the vault. The unreadable file is kept beside it.",
    none: "Neither a backup nor an earlier saved state was found.", newest: "newest",
    other: "Choose another vault or backup", retry: "Look again",
  },

  rail: {
    label: "Rooms", codes: "Codes", recovery: "Recovery", readiness: "Readiness", tags: "Tags", lock: "Lock now", settings: "Settings",
    locksIn: (seconds: number) => (seconds > 90 ? `Locks in ${Math.round(seconds / 60)} min` : `Locks in ${Math.max(0, Math.ceil(seconds / 10) * 10)} s`),
    locksByHand: "Lock",
  },
  codes: {
    title: "Codes", list: "Accounts",
    search: "Search accounts, tags and recovery sets", clearSearch: "Clear the search", add: "Add account",
    found: (count: number, sets: number) => [count === 0 ? "No account found" : plural(count, "account", "accounts"), ...(sets > 0 ? [plural(sets, "recovery set", "recovery sets")] : [])].join(" · "),
    foundSets: "Recovery sets", moreSets: (count: number) => `and ${count.toLocaleString("en")} more`,
    press: "counter-based · press to make a code", pressShort: "counter-based",
    advance: (name: string) => `Make the next code for ${name}`,
    next: "next", pinned: "Pinned", secondsLeft: (seconds: number) => `${seconds} s left`, problem: "No code:", undecided: "Two versions",
    more: (count: number) => `+${count}`, moreTags: (tags: string) => `More tags: ${tags}`,
    none: (query: string) => `Nothing matches “${query}”.`, noneTag: (tag: string) => `No account with the tag “${tag}” left.`, showAll: "Show all accounts",
    emptyTitle: "No accounts yet", emptyLead: "Drop a picture of a QR code onto this window, paste one, or choose another way.",
    loading: "Fetching your accounts…",
    copyOf: (name: string) => `Copy the code of ${name}:`,
    notCopied: (name: string) => `${name}: the clipboard did not take the code. It is on screen; type it in.`,
    copied: (name: string) => (seconds: number) => `${name} copied — clears in ${seconds} s`,
    pinnedNow: (name: string) => `${name} stays on top`, unpinnedNow: (name: string) => `${name} is no longer on top`,
    deleted: (name: string) => `${name} deleted`,
    noArrange: "Moving works with the order “By hand” and without a search or tag.",
    unnamed: "Unnamed account", menu: (name: string) => `Details of ${name}`,
  },
  banner: {
    setAside: (count: number) => `${plural(count, "record", "records")} could not be understood by this version. ${count === 1 ? "It is" : "They are"} kept.`,
    kitNone: "This vault has no emergency kit. Without it a forgotten passphrase cannot be replaced.",
    kitUnconfirmed: "You have not confirmed that your emergency kit is kept.",
    kitAction: "Make a kit", keyringAction: "Look at it", demo: "This is a demonstration vault. Everything in it is thrown away when Keyhaven closes.",
  },
  keys: { title: "All keys", toHint: "all keys", inSearch: "Letters act while the list has the focus; press ↓ to go there. Other letters search.", inSheets: (mod: string) => `In details ${mod} S saves; in what was found ${mod} Enter adds what is ticked; Esc closes whatever is open.` },

  add: {
    title: "Add accounts", lead: "Drop pictures anywhere on this window, or:",
    files: "Choose pictures or files", filesHelp: "QR codes, or the export of another authenticator",
    paste: "Paste from the clipboard", pasteHelp: "A picture, a file or an otpauth address",
    screen: "Scan the screen", screenWay: "Keyhaven steps aside and looks for QR codes", screenOf: (name: string) => `${name}, with the codes that were found`, screenHelp: "Codes are covered in this picture. Click a frame to choose what is in it.", screenOther: "Not an account, or a part of several",
    manual: "Type it in", manualHelp: "When there is only a text key",
    linkWaits: "A link was handed to Keyhaven. Unlock to see what is in it.",
    dropLocked: "Unlock Keyhaven first, then drop it again. Nothing was read.",
    drop: "Drop to add", dropHelp: "Pictures of QR codes, or another authenticator’s export",
    reading: "Looking…",
    review: (count: number) => `Found ${plural(count, "account", "accounts")}`, reviewNone: "Nothing to add was found", reviewSealed: "An encrypted export",
    sealed: (program: string) => `is an encrypted export of ${program}.`, sealedPassword: (program: string) => `Its password in ${program}`, openSealed: "Open", opening: "Opening…",
    sealedWrong: "That is not this file’s password.",
    problems: "Could not be read", accept: (count: number) => (count === 0 ? "Nothing ticked" : `Add ${plural(count, "account", "accounts")}`),
    show: { all: "All", new: "New", same: "Same name", ahead: "Counter", there: "Already there", unusual: "Unusual", problems: "Not read" },
    filter: "Filter what was found", filterLabel: "Show", tickAll: "Tick these", tickNone: "Untick these", noneShown: "Nothing of that kind.",
    isNamed: (name: string) => `in your vault as ${name}`, sameNamed: (name: string) => `beside ${name}`, counters: (held: number, found: number) => `counter ${held.toLocaleString("en")} → ${found.toLocaleString("en")}`,
    stop: "Stop", deriving: (percent: number, memory: number) => `Working out its key${percent > 0 ? `: ${percent} %` : "…"}${memory >= 65_536 ? ` (takes ${Math.round(memory / 1024).toLocaleString("en")} MiB of memory)` : ""}`, stopping: "Stops at the end of this step…",
    coming: "Coming from another app?", comingHelp: "Five steps for each of the ten most used ones",
    more: "Add more", from: (source: string) => `from ${source}`,
    added: (count: number) => `${plural(count, "account", "accounts")} added`,
    digits: (count: number) => `${count} digits`, every: (seconds: number) => `every ${seconds} s`,
    check: "Check", advanced: "Advanced",
    issuer: "Issuer", issuerHint: "GitHub", name: "Account name", nameHint: "me@example.org",
    secret: "Secret key", secretHint: "The text key the site shows beside its QR code, or a whole otpauth:// address",
    kind: "Kind", algorithm: "Hash", digitsLabel: "Digits", period: "Seconds for each code", counter: "First counter", pin: "PIN",
    secretMissing: "The secret key is missing.", standard: "standard",
  },

  settings: {
    title: "Settings", look: "Look", themeLabel: "Theme", sortLabel: "Order of the list",
    locking: "Locking and copying", idle: "Lock after", never: "Never by itself", idleHelp: "without a key press or mouse move",
    clipboard: "Clear copied codes after", capture: "Protect from screen capture", captureHelp: "Other programs see an empty window.", captureNot: "Linux desktops offer no way to do that; Windows and macOS do.",
    tray: "Keep running in the tray when the window is closed", trayHelp: "Closing always locks. From the tray the window is back at once.",
    downloads: "Look for recovery codes in the Downloads folder", downloadsHelp: "New files of up to 10 MB there are looked at while Keyhaven is open. What looks like recovery codes is offered to you; nothing is taken by itself.",
    keyring: "This computer’s keyring", keyringOn: "The keyring opens this vault while you are signed in.", keyringOff: "The vault does not use the keyring.",
    turnOn: "Use the keyring", turnOff: "Stop using the keyring", repair: "Put the key back", turnedOff: "The keyring is no longer used.", turnedOn: "The keyring opens the vault from now on.",
    kit: "Emergency kit",
    kitState: { none: "There is no kit for this vault.", unconfirmed: "A kit was made, and not confirmed as kept.", kept: "The kit was confirmed as kept." },
    renew: "Make a new kit", renewHelp: "The old recovery key works until you have typed two groups of the new one back.", renewAsk: "Make a new emergency kit", renewGo: "Make the kit",
    vault: "Vault", vaultId: "Name", path: "File", accounts: "Accounts", openedWith: "Opened with",
    opened: { passphrase: "passphrase", keyring: "this computer’s keyring", recovery_key: "recovery key" },
    about: "About", aboutText: "Keyhaven works offline: it has no network code at all. The page you see never holds a secret unless you ask to see one.",
    icons: "Service icons by Simple Icons (CC0), type by Inter and JetBrains Mono (OFL). Brands belong to their owners.",
  },
} as const;

/** The shape that another language's table has to have. */
export type Messages = typeof en;
