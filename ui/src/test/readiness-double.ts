// What the double answers about readiness: the table of the design's picture.
import type { DrillReport, Failure, Proof, Readiness, ReadyAccount } from "../api";

const NOV = 1_762_100_000_000;
const account = (changes: Partial<ReadyAccount>): ReadyAccount => ({
  id: "a0", issuer: "GitHub", name: "me@example.org", way: "recovery_codes", ways: ["recovery_codes"], left: 13, second_device: false, admin_reset: false, in_copy: true, copies: [0], without_sets: [], advice: "nothing", drilled_at: NOV, ...changes,
});
export const drillReport = (changes: Partial<DrillReport> = {}): DrillReport => ({
  at: NOV, ok: true, copy: { path: "/media/stick/vault.keyhaven", saved_at: NOV, elsewhere: true, kit_opens: true }, with_kit: true, accounts_back: 6, sets_back: 4, codes_back: 21, used_since: 0, lost: [], accounts: [], sets: [], damaged: [], ...changes,
});
export const readinessView = (changes: Partial<Readiness> = {}): Readiness => ({
  total: 24, back: 21, with_way: 18, copies: [{ path: "/media/stick/vault.keyhaven", saved_at: NOV, elsewhere: true, kit_opens: true }], older: 0, copy: { path: "/media/stick/vault.keyhaven", saved_at: NOV, elsewhere: true, kit_opens: true }, kit: "kept", kit_at: NOV, has_passphrase: true, has_keyring: true, reminders: [], drill: drillReport(),
  accounts: [
    account({ id: "a6", issuer: "AWS", name: "root · 4410 2291 7735", way: "nothing", ways: [], left: 0, advice: "add_codes", drilled_at: null }),
    account({ id: "a2", issuer: "Adyen", name: "ops@example.org", way: "admin_reset", ways: ["admin_reset"], left: 0, advice: "ask_second_device", admin_reset: true, drilled_at: null }),
    account({ id: "a3", issuer: "Google", name: "me@example.com", left: 2, advice: "replace_soon" }),
    account({ id: "a5", issuer: "B3Networks", way: "recovery_key", ways: ["recovery_key", "second_device"], left: 0 }), account({}), account({ id: "a1", issuer: "Hosted Network", name: "partner portal", left: 6 }),
  ],
  ...changes,
});

export const readinessAnswers: Record<string, (args: Record<string, unknown>) => unknown> = {
  readiness: () => readinessView(),
  note_ways: ({ account: id, second_device, admin_reset }) => {
    const view = readinessView();
    return { ...view, accounts: view.accounts.map((one) => (one.id === id ? { ...one, second_device, admin_reset, way: second_device ? "second_device" : "nothing", ways: second_device ? ["second_device"] : [], advice: second_device ? "nothing" : "add_codes" } : one)) };
  },
  run_drill: ({ proof }) => {
    if ((proof as Proof).passphrase === "wrong") throw { kind: "wrong_passphrase", detail: "" } satisfies Failure;
    return drillReport();
  },
};
