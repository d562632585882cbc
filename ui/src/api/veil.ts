// Codes on their way between program and page: two halves, so that no buffer of the engine holds the text, and then letters, so
// that the page's own memory does not either. What is shown leaves nothing behind that could be found.
import type { Veiled } from "./generated";

/** A text as its letters. Never joined: a joined text stays in the engine's memory after nobody shows it any more. **Secret.** */
export type Letters = readonly string[];

/** The text behind a veil, letter by letter (UTF-8: RFC 3629 §3). **Secret.** */
export function letters(veiled: Veiled): Letters {
  const [one, other] = [atob(veiled.veil), atob(veiled.text)];
  const bytes = new Uint8Array(one.length);
  for (let at = 0; at < bytes.length; at++) bytes[at] = one.charCodeAt(at) ^ other.charCodeAt(at);
  const found: string[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at] ?? 0;
    const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    let point = length === 1 ? first : first & (0x7f >> length);
    for (let next = at + 1; next < at + length; next++) point = (point << 6) | ((bytes[next] ?? 0) & 0x3f);
    found.push(String.fromCodePoint(point));
    at += length;
  }
  bytes.fill(0);
  return found;
}

/** A typed text, veiled. */
export function veil(typed: string): Veiled {
  const text = new TextEncoder().encode(typed);
  const random = new Uint8Array(text.length);
  const MOST = 65_536; // what one request may ask for (Web Cryptography API §10.1.1)
  for (let at = 0; at < random.length; at += MOST) crypto.getRandomValues(random.subarray(at, at + MOST));
  const base64 = (bytes: Uint8Array) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  const veiled = { veil: base64(random), text: base64(text.map((byte, at) => byte ^ (random[at] ?? 0))) };
  text.fill(0);
  return veiled;
}
