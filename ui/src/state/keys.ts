// Every key of the Codes room, and those that act in every room, in one table: the handlers, the hint line and the help
// sheet read it.

/** What a key can do. */
export type Action =
  | "copy" | "details" | "edit" | "pin" | "delete" | "up" | "down" | "page_up" | "page_down" | "first" | "last"
  | "move_up" | "move_down" | "search" | "clear" | "add" | "paste" | "next" | "reveal" | "help" | Wide;

/** What a key does in every room, whatever is written there. */
export type Wide = "codes" | "recovery" | "readiness" | "settings" | "undo" | "lock";

/** The keys of an action, as they are drawn; `mod` is Ctrl, on a Mac Command. */
export const KEYS: Readonly<Record<Action, readonly string[]>> = {
  copy: ["Enter"], details: ["→"], edit: ["E"], pin: ["P"], delete: ["Delete"], up: ["↑"], down: ["↓"],
  page_up: ["Page Up"], page_down: ["Page Down"], first: ["Home"], last: ["End"],
  move_up: ["Alt", "↑"], move_down: ["Alt", "↓"], search: ["mod", "K"], clear: ["Esc"], add: ["mod", "N"], paste: ["mod", "V"],
  next: ["N"], reveal: ["S"], codes: ["mod", "1"], recovery: ["mod", "2"], readiness: ["mod", "3"], settings: ["mod", ","],
  undo: ["mod", "Z"], lock: ["mod", "L"], help: ["?"],
};

/** Whether this is a Mac, where Command takes the part of Ctrl. */
export const isMac = typeof navigator !== "undefined" && /Mac/.test(navigator.userAgent);

/** A key's name on this computer's keyboard. */
export const keyName = (key: string): string => (key === "mod" ? (isMac ? "⌘" : "Ctrl") : isMac && key === "Alt" ? "⌥" : key);

/** A text with its action's key behind it, for a title. */
export const keyed = (text: string, action: Action): string => `${text} (${KEYS[action].map(keyName).join(" ")})`;

type Press = Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">;

const WIDE: Readonly<Record<string, Wide>> = { "1": "codes", "2": "recovery", "3": "readiness", ",": "settings", z: "undo", l: "lock" };
const WITH_MOD: Readonly<Record<string, Action>> = { ...WIDE, k: "search", f: "search", n: "add", v: "paste" };
const PLAIN: Readonly<Record<string, Action>> = {
  Enter: "copy", ArrowUp: "up", ArrowDown: "down", PageUp: "page_up", PageDown: "page_down", Escape: "clear",
};
// Letters act only while the list has the focus; in the search field they are letters.
const IN_LIST: Readonly<Record<string, Action>> = {
  ArrowRight: "details", Home: "first", End: "last", p: "pin", P: "pin", e: "edit", E: "edit", n: "next", N: "next", s: "reveal", S: "reveal", Delete: "delete", "?": "help",
  // The key that is called "delete" on a Mac's keyboard.
  ...(isMac ? { Backspace: "delete" as const } : {}),
};

/** What a key press asks for in every room; null where it is not ours. */
export function wideActionFor(press: Press): Wide | null {
  const mod = isMac ? press.metaKey : press.ctrlKey;
  return mod && !press.altKey && !press.shiftKey ? (WIDE[press.key.toLowerCase()] ?? null) : null;
}

/** Where the focus is, as far as keys care. */
export interface Place {
  /** In the search field. */ readonly typing: boolean;
  /** The field's cursor stands behind its last letter. */ readonly atEnd: boolean;
  /** The field is empty. */ readonly empty: boolean;
}

/** What a key press asks for; `type` where the character belongs into the search field; null where it is not ours. */
export function actionFor(press: Press, place: Place): Action | "type" | null {
  const mod = isMac ? press.metaKey : press.ctrlKey;
  if (mod) return press.altKey || press.shiftKey ? null : (WITH_MOD[press.key.toLowerCase()] ?? null);
  if (press.ctrlKey || press.metaKey) return null;
  if (press.altKey) return press.key === "ArrowUp" ? "move_up" : press.key === "ArrowDown" ? "move_down" : null;
  const plain = PLAIN[press.key];
  if (plain) return plain;
  if (place.typing) {
    if (press.key === "ArrowRight" && place.atEnd) return "details";
    if (press.key === "?" && place.empty) return "help";
    return null;
  }
  return IN_LIST[press.key] ?? ([...press.key].length === 1 && press.key !== " " ? "type" : null);
}
