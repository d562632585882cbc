// Which picture stands for an account: an icon of the bundled set, or a letter on a colour that stays the same.
import { ALIASES, ICONS, type IconData } from "./icons";

/** One icon of the set. */
export interface Brand { readonly slug: string; readonly title: string; readonly hex: string; readonly path: string; readonly dark: boolean }

/** The slug of an account whose person chose the letter although an icon would fit. */
export const LETTER = "letter";
/** How many tile colours tokens.css has. */
const HUES = 10;

const normal = (text: string) => text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[^\p{L}\p{N}]+/gu, " ").trim();

/** Whether white stands badly on a colour (relative luminance over 0.45). */
function needsDarkInk(hex: string): boolean {
  const channel = (at: number) => {
    const value = parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4) > 0.45;
}

const asBrand = ([slug, title, hex, path]: IconData): Brand => ({ slug, title, hex: `#${hex}`, path, dark: needsDarkInk(hex) });

/** All icons, in alphabetical order of their titles. */
export const brands: readonly Brand[] = ICONS.map(asBrand);
const bySlug = new Map(brands.map((brand) => [brand.slug, brand]));
const byName = new Map(brands.map((brand) => [normal(brand.title), brand]));
for (const [name, slug] of Object.entries(ALIASES)) {
  const brand = bySlug.get(slug);
  if (brand) byName.set(name, brand);
}

/** The icon of an account: the chosen one, else the one that the issuer's name means; none for a letter. */
export function brandOf(icon: string | null, issuer: string): Brand | undefined {
  if (icon) return bySlug.get(icon);
  const name = normal(issuer);
  return byName.get(name) ?? byName.get(name.replace(/ (com|org|net|io|inc)$/, "")) ?? byName.get(name.replaceAll(" ", ""));
}

/** The letter and colour number of an account without an icon; the same name always gets the same. */
export function letterOf(issuer: string, name: string): { letter: string; hue: number } {
  const text = (issuer || name).trim();
  const first = [...text].find((char) => /[\p{L}\p{N}]/u.test(char)) ?? "?";
  let hash = 2166136261; // FNV-1a: any well-mixed hash does
  for (const char of text.toLowerCase()) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16777619);
  return { letter: first.toLocaleUpperCase("en"), hue: ((hash ^ (hash >>> 15)) >>> 0) % HUES };
}
