import { describe, expect, it } from "vitest";
import { brandOf, brands, LETTER, letterOf } from "./tile";

describe("an account's picture", () => {
  it.each([
    ["GitHub", "github"], ["github.com", "github"], ["Google", "google"], ["Proton Mail", "protonmail"], ["Twitter", "x"], ["  steam ", "steam"], ["Stack Overflow", "stackoverflow"],
  ])("is found by the issuer's name: %s", (issuer, slug) => expect(brandOf(null, issuer)?.slug).toBe(slug));
  it.each(["", "Hosted Network", "My GitHub backup", "constructor", "__proto__", "💥"])("is not guessed from %j", (issuer) => expect(brandOf(null, issuer)).toBeUndefined());
  it("is the chosen one, and a letter where that was chosen or the icon is not known", () => {
    expect(brandOf("gitlab", "GitHub")?.slug).toBe("gitlab");
    expect(brandOf(LETTER, "GitHub")).toBeUndefined();
    expect(brandOf("from-a-later-version", "GitHub")).toBeUndefined();
  });
  it("has a letter for every name", () => {
    expect(["émile", "7zip", "東京", "(x)", "", "💥"].map((name) => letterOf(name, "").letter)).toEqual(["É", "7", "東", "X", "?", "?"]);
    expect(letterOf("", "me@example.org").letter).toBe("M");
  });
  it("keeps its colour, whatever the case", () => expect(letterOf("Shop", "a").hue).toBe(letterOf("shop", "b").hue));
  it("has slugs that are each there once, with a path and a colour", () => {
    expect(new Set(brands.map(({ slug }) => slug)).size).toBe(brands.length);
    expect(brands.filter(({ hex, path }) => !/^#[0-9A-F]{6}$/.test(hex) || !/^M/i.test(path))).toEqual([]);
    expect(brands.some(({ slug }) => slug === LETTER)).toBe(false);
    const titles = brands.map(({ title }) => title);
    expect(titles).toEqual([...titles].sort(new Intl.Collator("en").compare));
  });
});
