import { describe, expect, it } from "vitest";
import { en } from "../messages/en";
import { actionFor, KEYS } from "./keys";

const press = (key: string, mods: Partial<Record<"ctrlKey" | "altKey" | "shiftKey" | "metaKey", boolean>> = {}) => ({ key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...mods });
const inList = { typing: false, atEnd: true, empty: true };
const inSearch = { typing: true, atEnd: true, empty: false };

describe("keys", () => {
  it("make letters commands in the list and letters in the search", () => {
    expect(["p", "E", "Delete", "?", "x", "é", "7"].map((key) => actionFor(press(key), inList))).toEqual(["pin", "edit", "delete", "help", "type", "type", "type"]);
    expect(["p", "E", "Delete", "?", "x"].map((key) => actionFor(press(key), inSearch))).toEqual([null, null, null, null, null]);
  });
  it("open details from the search only behind its last letter", () => {
    expect(actionFor(press("ArrowRight"), inSearch)).toBe("details");
    expect(actionFor(press("ArrowRight"), { ...inSearch, atEnd: false })).toBeNull();
  });
  it("leave other programs' chords alone", () => {
    expect(actionFor(press("k", { ctrlKey: true, shiftKey: true }), inList)).toBeNull();
    expect(actionFor(press("p", { ctrlKey: true }), inList)).toBeNull();
    expect(actionFor(press("p", { metaKey: true }), inList)).toBeNull();
    expect(actionFor(press("F5"), inList)).toBeNull();
    expect(actionFor(press(" "), inList)).toBeNull();
  });
  it("do what the help says: every action's key leads to it", () => {
    const names: Record<string, string> = { "→": "ArrowRight", "↑": "ArrowUp", "↓": "ArrowDown", "Page Up": "PageUp", "Page Down": "PageDown", Esc: "Escape" };
    for (const [action, keys] of Object.entries(KEYS)) {
      const key = keys.at(-1) ?? "";
      expect(actionFor(press(names[key] ?? key, { ctrlKey: keys.includes("mod"), altKey: keys.includes("Alt") }), inList), action).toBe(action);
      expect(en.action).toHaveProperty(action);
    }
  });
});
