// The words about the camera: a part of the table in en.ts.
import { plural } from "./forms";

export const camera = {
  camera: {
    way: "Use the camera", wayHelp: "Hold a printed code or a phone before it", title: "Hold the code before the camera",
    pages: "Use the camera", stop: "Switch the camera off",
    live: "What the camera sees, with codes covered", choose: "Camera", starting: "Switching the camera on…", aim: "Hold the QR code inside the frame.",
    aimPages: "Hold one code of a page after the other inside the frame, as large as it fits.",
    accounts: (count: number) => `${plural(count, "account", "accounts")} read`,
    parts: (have: number, count: number, missing: readonly number[]) => (missing.length === 0 ? `${count} of ${count} read` : `${have} of ${count} read, missing ${missing.join(", ")}`),
    next: "Show the next code of the export, in any order.",
    other: "This code is no account.", otherPages: "This code is not one of a paper backup.",
    done: "Show what was found", light: "Nothing of the picture is kept. The camera goes off when this closes.",
  },
} as const;
