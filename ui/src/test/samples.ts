// Made-up accounts for the double.
import type { AccountRow, KindName } from "../api";

type Sample = [issuer: string, name: string, tags: string[], more?: Partial<AccountRow>];
const SAMPLES: Sample[] = [
  ["GitHub", "me@example.org", ["Work"], { pinned: true }], ["Hosted Network", "partner portal", ["Work", "Customers"]], ["Adyen", "ops@example.org", ["Work"]],
  ["Google", "me@example.com", ["Personal"]], ["Steam", "example", ["Personal"], { kind: "steam", digits: 5 }], ["B3Networks", "me@example.org", ["Work", "Customers", "Telephony"]],
  ["AWS", "root · 4410 2291 7735", ["Work"], { digits: 8 }], ["Bank token", "", ["Personal"], { kind: "hotp", period: null }], ["Proton", "me@proton.example", ["Personal"]],
  ["Nextcloud", "files.example.org", ["Personal"]], ["Cloudflare", "me@example.org", ["Work"]], ["Yandex", "me", ["Personal"], { kind: "yandex", digits: 8 }],
  ["GitLab", "me@example.org", ["Work"]], ["Discord", "example#1234", ["Personal"]], ["Dropbox", "me@example.com", ["Personal"]], ["PyPI", "example", ["Work"]],
  ["npm", "example", ["Work"]], ["Café Söderström Betriebsgesellschaft mit sehr langem Namen", "ein-sehr-langer-name@unterabteilung.example.org", ["Customers", "Ein langer Tag"]],
  ["Mastodon", "@me@social.example", ["Personal"]], ["Hetzner", "K0123456789", ["Work"], { period: 60 }], ["PayPal", "me@example.com", ["Personal"]], ["", "nameless@example.org", []],
  ["Door", "office", ["Work"], { kind: "motp", period: 10 }], ["Long one", "ten digits", ["Work"], { digits: 10 }],
];

/** The sample accounts; beyond them numbered ones, up to `count`. */
export function sampleRows(count = SAMPLES.length): AccountRow[] {
  return Array.from({ length: count }, (_, at) => {
    const [issuer, name, tags, more] = SAMPLES[at] ?? [`Service ${at}`, `user${at}@example.org`, [`Group ${at % 7}`]];
    const kind: KindName = "totp";
    return { id: `a${at}`, issuer, name, kind, digits: 6, period: 30, tags, pinned: false, position: at, icon: null, has_note: false, used_at: null, added_at: 1_770_000_000_000, undecided: false, ...more };
  });
}
