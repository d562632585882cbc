import { describe, expect, it } from "vitest";
import { countdown, grouped } from "./code";
import { scrolledTo, visible } from "./virtual";

describe("the groups of a code", () => {
  it.each([
    ["492039", ["492", "039"]], ["1234567", ["123", "4567"]], ["39502118", ["39", "502", "118"]], ["7KMQV", ["7KMQV"]], ["abcdefgh", ["abcd", "efgh"]],
    ["123456789", ["123", "456", "789"]], ["1234567890", ["123", "456", "7890"]], ["••••••", ["•••", "•••"]], ["", [""]],
  ])("%s → %j", (code, groups) => expect(grouped(code)).toEqual(groups));
  it("loses and adds no character, whatever the length", () => {
    for (let length = 0; length <= 12; length += 1) expect(grouped("7".repeat(length)).join("")).toBe("7".repeat(length));
  });
});

describe("the countdown", () => {
  const at = (seconds: number) => countdown(0, 30_000, seconds * 1000);
  it("shows the next code in the last third, not before", () => {
    expect(at(19.9).nextShown).toBe(false);
    expect(at(20).nextShown).toBe(true);
  });
  it("is low in the last fifth, and for long periods in the last fifteen seconds", () => {
    expect([at(23.9).low, at(24).low]).toEqual([false, true]);
    expect([countdown(0, 3_600_000, 3_584_000).low, countdown(0, 3_600_000, 3_585_000).low]).toEqual([false, true]);
  });
  it("stays within its period when clocks disagree", () => {
    expect(at(-5)).toMatchObject({ left: 1, seconds: 30 });
    expect(at(99)).toMatchObject({ left: 0, seconds: 0 });
    expect(countdown(10, 10, 10).left).toBe(0);
  });
});

describe("a long list", () => {
  it("draws what is seen and some more, never beyond its ends", () => {
    expect(visible(0, 600, 60, 1000, 6)).toEqual({ first: 0, end: 16 });
    expect(visible(6000, 600, 60, 1000, 6)).toEqual({ first: 94, end: 116 });
    expect(visible(59_400, 600, 60, 1000, 6)).toEqual({ first: 984, end: 1000 });
    expect(visible(59_400, 600, 60, 3, 6)).toEqual({ first: 3, end: 3 });
  });
  it("scrolls no further than needed to show a row", () => {
    expect(scrolledTo(0, 120, 600, 60)).toBe(0);
    expect(scrolledTo(5, 120, 600, 60)).toBe(120);
    expect(scrolledTo(12, 120, 600, 60)).toBe(180);
  });
});
