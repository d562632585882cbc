// Rules of this folder that no compiler knows.
import { describe, expect, it } from "vitest";

const sources = import.meta.glob<string>(["../**/*.svelte", "../**/*.ts", "!../test/**"], { query: "?raw", import: "default", eager: true });
const files = Object.entries(sources);
const components = files.filter(([path]) => path.endsWith(".svelte"));
/** What of a component is neither script nor style. */
const markup = (source: string) => source.replace(/<script[\s\S]*?<\/script>/g, "").replace(/<style[\s\S]*?<\/style>/g, "").replace(/<!--[\s\S]*?-->/g, "");

describe("the page's sources", () => {
  it("are all read here", () => {
    expect(components.length).toBeGreaterThan(25);
  });
  it("speak to the program through src/api alone", () => {
    expect(files.filter(([path, source]) => !path.startsWith("../api/") && source.includes("@tauri-apps")).map(([path]) => path)).toEqual([]);
  });
  it("have no style attribute and no raw HTML, which the content policy or a hostile label would meet", () => {
    expect(components.filter(([, source]) => /\sstyle=|\{@html|innerHTML/.test(source)).map(([path]) => path)).toEqual([]);
  });
  it("keep every word in the messages", () => {
    const word = />\s*[^<>{}]*[A-Za-z]{3,}[^<>{}]*<|(?:aria-label|placeholder|title|alt)="[^"{]*[A-Za-z]{3,}[^"{]*"/;
    expect(components.flatMap(([path, source]) => (word.exec(markup(source).replace(/=>/g, "")) ?? []).map((found) => `${path}: ${found}`))).toEqual([]);
  });
  it("name colours in tokens.css alone", () => {
    expect(components.filter(([, source]) => /#[0-9a-f]{3,8}\b(?![^<]*<\/script>)/i.test(/<style>[\s\S]*<\/style>/.exec(source)?.[0] ?? "")).map(([path]) => path)).toEqual([]);
  });
  it("keep components and modules of a size that is read in one sitting", () => {
    const long = files.filter(([path, source]) => source.split("\n").length > 250 && !path.includes("generated") && !path.endsWith("icons.ts"));
    expect(long.map(([path]) => path)).toEqual([]);
  });
});
