import { waitFor } from "@testing-library/svelte";
import { describe, expect, it } from "vitest";
import type { CameraView, Status } from "../api";
import { en } from "../messages/en";
import { Double, fail, openView } from "./double";
import { all, click, expectAccessible, gone, openPage, soon, the } from "./page";

const open: Status = { phase: "open", ...openView() };
const PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGP6DwABBQECz6AuzQAAAABJRU5ErkJggg==";
const view = (serial: number, changes: Partial<CameraView> = {}): CameraView => ({
  serial, picture: { url: PIXEL, width: 400, height: 300, codes: [] }, accounts: 0, exports: [], others: 0, complete: false, failure: null, ...changes,
});
const code = { left: 100, top: 80, width: 90, height: 90, wanted: true };

/** A camera whose views a test hands over one by one. */
class Lens {
  #waiting: ((view: CameraView) => void)[] = [];
  constructor(double: Double) {
    double.answers["cameras"] = () => [{ id: "video0", name: "Built in" }, { id: "video2", name: "Desk" }];
    double.answers["open_camera"] = () => null;
    double.answers["close_camera"] = () => null;
    double.answers["camera_view"] = () => new Promise<CameraView>((resolve) => this.#waiting.push(resolve));
  }
  async show(next: CameraView): Promise<void> {
    await waitFor(() => expect(this.#waiting.length).toBeGreaterThan(0));
    for (const resolve of this.#waiting.splice(0)) resolve(next);
  }
}
async function scan(): Promise<{ double: Double; lens: Lens }> {
  let lens: Lens | undefined;
  const double = await openPage(open, 3, (one) => { lens = new Lens(one); });
  click("add");
  (await soon("add-camera")).click();
  await soon("camera");
  return { double, lens: lens as Lens };
}

describe("the camera", () => {
  it("shows what it sees, counts the parts of an export, and offers them when none is missing", async () => {
    const { double, lens } = await scan();
    await waitFor(() => expect(double.last("open_camera")).toEqual({ id: "video0", purpose: "accounts" }));
    expect(the("camera-status").textContent).toContain(en.camera.starting);
    await lens.show(view(1));
    await waitFor(() => expect(the("camera-status").textContent).toContain(en.camera.aim));
    await expectAccessible();
    expect(the<HTMLButtonElement>("camera-done").disabled).toBe(true);
    await lens.show(view(2, { exports: [{ have: 2, count: 5, missing: [3, 4, 5] }], picture: { url: PIXEL, width: 400, height: 300, codes: [code, { ...code, left: 250, wanted: false }] } }));
    await waitFor(() => expect(the("camera-parts").textContent).toBe("2 of 5 read, missing 3, 4, 5"));
    expect(all("camera-code")).toHaveLength(2);
    expect(the("camera-other").textContent).toContain(en.camera.other);
    expect(the<HTMLButtonElement>("camera-done").disabled).toBe(false);
    await expectAccessible();
    expect(double.count("offer_from_camera")).toBe(0);
    double.answers["offer_from_camera"] = () => double.offer();
    await lens.show(view(3, { exports: [{ have: 5, count: 5, missing: [] }], complete: true }));
    await waitFor(() => expect(all("offer-item")).toHaveLength(3));
    expect(double.count("offer_from_camera")).toBe(1);
    expect(double.count("accept_offer")).toBe(0);
    await gone("camera");
    await waitFor(() => expect(double.last("close_camera")).toEqual({ keep: false }));
  });
  it("is switched off by everything that takes it from sight", async () => {
    const { double, lens } = await scan();
    await lens.show(view(1));
    await waitFor(() => expect(the("camera").dataset["on"]).toBe("true"));
    const off = double.count("close_camera");
    Object.defineProperty(document, "hidden", { configurable: true, value: true });
    document.dispatchEvent(new Event("visibilitychange"));
    await waitFor(() => expect(double.count("close_camera")).toBe(off + 1));
    expect(double.last("close_camera")).toEqual({ keep: true });
    Object.defineProperty(document, "hidden", { configurable: true, value: false });
    document.dispatchEvent(new Event("visibilitychange"));
    await waitFor(() => expect(double.count("open_camera")).toBe(2));
    click("camera-back");
    await soon("add-camera");
    await waitFor(() => expect(double.count("close_camera")).toBeGreaterThan(off + 1));
    // What was asked for before is answered to nobody.
    await lens.show(view(9, { accounts: 1, complete: true }));
    expect(double.count("offer_from_camera")).toBe(0);
  });
  it("says why there is none, and tries again; another one can be chosen", async () => {
    let lens: Lens | undefined;
    const double = await openPage(open, 3, (one) => { lens = new Lens(one); });
    const cameras = double.answers["cameras"];
    double.answers["cameras"] = () => { throw fail("camera", "no camera was found: plug one in"); };
    click("add");
    (await soon("add-camera")).click();
    expect((await soon("camera-failure")).textContent).toContain("plug one in");
    await expectAccessible();
    expect(double.count("open_camera")).toBe(0);
    if (cameras) double.answers["cameras"] = cameras;
    click("camera-again");
    await lens?.show(view(1));
    const choice = await soon<HTMLSelectElement>("camera-choose");
    choice.value = "video2";
    choice.dispatchEvent(new Event("change", { bubbles: true }));
    await waitFor(() => expect(double.last("open_camera")).toEqual({ id: "video2", purpose: "accounts" }));
    const part = { exports: [{ have: 1, count: 2, missing: [2] }] };
    await lens?.show(view(1, part));
    await soon("camera-parts");
    await lens?.show(view(1, { ...part, failure: fail("camera", "the camera is gone: plug it in again"), picture: null }));
    expect((await soon("camera-failure")).textContent).toContain("plug it in again");
    // What was read is not lost with the camera.
    expect(the<HTMLButtonElement>("camera-done").disabled).toBe(false);
    expect(double.last("close_camera")).toEqual({ keep: true });
  });
  it("reads the pages of a paper backup", async () => {
    let lens: Lens | undefined;
    const double = await openPage({ phase: "absent", folder: "/home/me/.local/share/keyhaven", keyring: "ready" }, 0, (one) => { lens = new Lens(one); });
    click("restore-paper");
    (await soon("paper-camera")).click();
    await waitFor(() => expect(double.last("open_camera")).toEqual({ id: "video0", purpose: "pages" }));
    await lens?.show(view(1));
    await waitFor(() => expect(the("camera-status").textContent).toContain(en.camera.aimPages));
    double.emit("pages", { have: 4, count: 9, missing_pages: [2, 3], complete: false, conflict: null, problems: [] });
    expect((await soon("paper-missing")).textContent).toContain("Pages 2 and 3");
    expect(all("camera")).toHaveLength(1);
    await expectAccessible();
    double.emit("pages", { have: 9, count: 9, missing_pages: [], complete: true, conflict: null, problems: [] });
    await soon("paper-restore-go");
    await gone("camera");
    await waitFor(() => expect(double.count("close_camera")).toBeGreaterThan(0));
  });
});
