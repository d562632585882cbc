import { describe, expect, it } from "vitest";
import { letters, unveil, veil } from "./veil";

describe("a veiled text", () => {
  it("comes back as its letters, whatever they are", () => {
    for (const text of ["", "8f3a9-71c02", "für Ärger – 漢字 🔑 Ω", "x".repeat(70_000)]) expect(letters(veil(text)).join("")).toBe(text);
    expect(letters(veil("🔑é"))).toEqual(["🔑", "é"]);
  });
  it("is in neither half, and has another veil each time", () => {
    const [one, other] = [veil("8f3a9-71c02"), veil("8f3a9-71c02")];
    for (const half of [one.veil, one.text]) expect(atob(half)).not.toContain("8f3a9");
    expect(one.text).not.toBe(other.text);
  });
  it("is a picture pixel by pixel too", () => {
    const rgba = new Uint8ClampedArray(8);
    const halves = { veil: btoa("\x00\x0f\xff\x01\x02\x03"), text: btoa("\x10\x0f\x00\x01\x00\x04") };
    unveil({ width: 2, height: 1, whole: true, pixels: halves }, rgba);
    expect([...rgba]).toEqual([0x10, 0, 0xff, 255, 0, 2, 7, 255]);
  });
});
