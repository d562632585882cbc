import { waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { Status } from "../api";
import { openView, type Double } from "./double";
import { all, click, expectAccessible, gone, openPage, press, soon, the, type } from "./page";
import { drillReport, readinessView } from "./readiness-double";

const open: Status = { phase: "open", ...openView() };

async function room(prepare?: (double: Double) => void): Promise<Double> {
  const double = await openPage(open, 24, prepare);
  click("room-readiness");
  await soon("ready-back");
  return double;
}

describe("the readiness room", () => {
  it("names what would be back and what to do, most dangerous first", async () => {
    await room();
    expect(the("ready-back").textContent).toBe("21 of 24 accounts");
    expect(the("room-readiness").textContent).toContain("87%");
    expect(all("ready-account").map((row) => row.dataset["advice"])).toEqual(["add_codes", "ask_second_device", "replace_soon", "nothing", "nothing", "nothing"]);
    expect(all("ready-account")[4]?.textContent).toContain("13 left");
    expect(all("ready-ways").slice(0, 4).map((cell) => [...cell.childNodes].map((one) => one.textContent?.trim()).filter(Boolean))).toEqual([["Nothing"], ["Only an admin can reset it"], ["Recovery code"], ["Recovery key", "Second device"]]);
    await expectAccessible();
  });
  it("says where a copy lacks an account's recovery codes", async () => {
    await room((double) => {
      const view = readinessView();
      double.answers["readiness"] = () => ({ ...view, accounts: view.accounts.map((one) => ({ ...one, without_sets: one.id === "a3" ? [0] : [] })) });
    });
    const said = all("ready-copies").map((cell) => cell.textContent?.includes("without its newest recovery codes"));
    expect(said.filter(Boolean)).toHaveLength(1);
    await expectAccessible();
  });
  it("notes a second device, which takes the danger away", async () => {
    const double = await room();
    all("ready-account")[0]?.querySelector("button")?.click();
    (await soon("way-second")).click();
    await waitFor(() => expect(double.last("note_ways")).toEqual({ account: "a6", second_device: true, admin_reset: false }));
    await waitFor(() => expect(all("ready-account").map((row) => row.dataset["way"])).toContain("second_device"));
    await expectAccessible();
  });
  it("reminds of everything that is not about one account", async () => {
    await room((double) => {
      double.answers["readiness"] = () => readinessView({ kit: "unconfirmed", reminders: [{ what: "keep_kit" }, { what: "no_backup_elsewhere" }, { what: "set_low", name: "Old bank" }] });
    });
    expect(the("reminders").textContent).toContain("Old bank");
    expect(all("reminders")[0]?.children).toHaveLength(3);
  });
  it("drills with the backup that was chosen", async () => {
    const double = await room();
    click("drill");
    expect((await soon("drill-copy")).textContent).toContain("/media/stick/vault.keyhaven");
    double.answers["choose_drill_copy"] = () => ({ path: "/media/old/kept.keyhaven", vault_id: "7e72", saved_at: 1_770_000_000_000, size: 9, has_passphrase: true, has_recovery_key: true });
    click("drill-choose");
    await waitFor(() => expect(the("drill-copy").textContent).toContain("/media/old/kept.keyhaven"));
    await expectAccessible();
    type("drill-proof", "right");
    click("drill-go");
    await soon("drill-report");
    expect(double.last("run_drill")).toMatchObject({ backup: "/media/old/kept.keyhaven" });
  });
  it("runs a fire drill: green, and red with what would be lost", async () => {
    const double = await room();
    click("drill");
    await soon("drill-sheet");
    await expectAccessible();
    type("drill-proof", "wrong");
    click("drill-go");
    await waitFor(() => expect(the("drill-sheet").textContent).toContain("does not open the vault"));
    type("drill-proof", "right");
    click("drill-go");
    expect((await soon("drill-report")).dataset["ok"]).toBe("true");
    await expectAccessible();
    click("drill-done");
    await gone("drill-sheet");
    expect(double.last("run_drill")).toEqual({ proof: { passphrase: "right", recovery_key: null }, backup: null });
    double.answers["run_drill"] = () => drillReport({ ok: false, lost: [{ name: "GitHub", why: "set_deleted", codes: 3 }], used_since: 2 });
    click("drill");
    await soon("drill-proof");
    type("drill-proof", "right");
    click("drill-go");
    expect((await soon("drill-report")).dataset["ok"]).toBe("false");
    expect(the("drill-lost").textContent).toContain("GitHub (3 codes)");
    expect(the("drill-used-since").textContent).toContain("2 codes were used since");
    await expectAccessible();
    click("drill-done");
    await gone("drill-sheet");
    // Nothing is lost in it, and it is no good: it goes with this computer.
    double.answers["run_drill"] = () => drillReport({ ok: false, copy: { path: "/home/me/vault.keyhaven", saved_at: 1_762_100_000_000, elsewhere: false, kit_opens: true } });
    click("drill");
    await soon("drill-proof");
    type("drill-proof", "right");
    click("drill-go");
    expect((await soon("drill-verdict")).textContent).toContain("gone with this computer");
    expect(the("drill-verdict").className).toContain("warn");
    expect(the("drill-report").dataset["ok"]).toBe("false");
  });
  it("prints a paper backup of what was chosen", async () => {
    const double = await room((double) => double.recovery.fill());
    click("paper");
    const sheet = await soon("paper-sheet");
    await expectAccessible();
    sheet.querySelectorAll("input[type=checkbox]")[0]?.dispatchEvent(new Event("change", { bubbles: true }));
    type("paper-proof", "right");
    click("paper-go");
    await gone("paper-sheet");
    const saved = double.last("save_booklet") as { accounts: string[]; sets: string[] };
    expect([saved.accounts.length, saved.sets.length]).toEqual([23, 6]);
  });
  it("is left with Escape", async () => {
    await room();
    press("Escape");
    await soon("search");
  });
});
