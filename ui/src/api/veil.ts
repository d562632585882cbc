// Codes on their way between program and page: two halves, so that no buffer of the engine holds the text, and then letters, so
// that the page's own memory does not either. What is shown leaves nothing behind that could be found.
import type { Veiled, VeiledPicture } from "./generated";

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

/** What was typed, letter by letter, veiled. No buffer holds its bytes beside one another. */
export function veil(typed: Iterable<string>): Veiled {
  const encoder = new TextEncoder();
  const bytes: number[] = [];
  for (const letter of typed) bytes.push(...encoder.encode(letter));
  const random = new Uint8Array(bytes.length);
  const MOST = 65_536; // what one request may ask for (Web Cryptography API §10.1.1)
  for (let at = 0; at < random.length; at += MOST) crypto.getRandomValues(random.subarray(at, at + MOST));
  const base64 = (half: Uint8Array) => btoa(Array.from(half, (byte) => String.fromCharCode(byte)).join(""));
  const veiled = { veil: base64(random), text: base64(random.map((byte, at) => byte ^ (bytes[at] ?? 0))) };
  bytes.fill(0);
  return veiled;
}

/** Puts the picture behind a veil into `rgba`, four bytes a pixel. The caller wipes them. */
export function unveil({ pixels }: VeiledPicture, rgba: Uint8ClampedArray): void {
  const [one, other] = [atob(pixels.veil), atob(pixels.text)];
  for (let at = 0, to = 0; at < one.length; at++, to++) {
    rgba[to] = one.charCodeAt(at) ^ other.charCodeAt(at);
    if (at % 3 === 2) rgba[++to] = 255;
  }
}
