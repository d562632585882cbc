// Puts a double before the page: ?scene=…&theme=dark&count=1000 in its address choose what is seen.
import type { KeyringState, Status } from "../api";
import { Double, fail, lockedView, openView, SETTINGS } from "./double";

const query = new URLSearchParams(location.search);
const scene = query.get("scene") ?? "codes";
const count = Number(query.get("count") ?? 24);
const theme = query.get("theme") === "dark" ? "dark" : "light";
const keyring = (query.get("keyring") ?? "ready") as KeyringState;
const settings = { ...SETTINGS, theme } as const;

const open = (changes = {}): Status => ({ phase: "open", ...openView({ accounts: count, settings, ...changes }) });
const scenes: Record<string, () => Status> = {
  first: () => ({ phase: "absent", folder: "/home/me/.local/share/keyhaven", keyring }),
  unlock: () => ({ phase: "locked", ...lockedView({ keyring, has_keyring: keyring !== "ready" }) }),
  unreadable: () => ({
    phase: "unreadable", path: "/home/me/.local/share/keyhaven/vault.keyhaven", error: fail("damaged_vault", "The file ends after 312 of 4,096 bytes."),
  }),
  codes: () => open(),
  empty: () => open({ accounts: 0 }),
  banners: () => open({ kit: "unconfirmed", keyring: "locked", set_aside: 2 }),
};

const double = new Double((scenes[scene] ?? scenes["codes"])?.() ?? open(), scene === "empty" ? 0 : count);
if (scene.startsWith("recovery")) double.recovery.fill();
if (scene === "recovery-open") double.recovery.open = true;
if (scene === "unlock") double.answers["unlock_with_keyring"] = () => { throw fail("keyring"); };
Object.assign(window, { double });
// Before a vault is open the system's theme counts; the address plays the system.
const real = window.matchMedia.bind(window);
const system = { matches: theme === "dark", addEventListener: () => undefined, removeEventListener: () => undefined } as unknown as MediaQueryList;
window.matchMedia = (text) => (text.includes("prefers-color-scheme") ? system : real(text));
