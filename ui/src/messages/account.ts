// The words about one account: a part of the table in en.ts.
import { plural } from "./forms";

export const account = {
  detail: {
    title: "Account", issuer: "Issuer", name: "Account name", note: "Note", tags: "Tags", tagsHint: "Add a tag and press Enter", removeTag: (tag: string) => `Remove the tag ${tag}`,
    icon: "Icon", iconAuto: "By the issuer’s name", iconLetter: "Letter", iconSearch: "Search icons", iconChange: "Change",
    pin: "Keep on top of the list", save: "Save changes", unsaved: "There are unsaved changes.", discard: "Discard",
    delete: "Delete", facts: "How its codes are made", history: "History",
    added: (when: string) => `Added ${when}`, algorithm: "Hash", digits: "Digits", period: "Period", counter: "Next counter", kind: "Kind",
    labelIssuer: "Issuer in the QR code’s label", unknown: "Kept without being understood",
    versions: "Changed in two places", versionsLead: "Two copies of the vault changed this account, and neither knew of the other. Both versions are kept until you choose.",
    versionShown: "Shown now", versionDeleted: "Deleted there", versionOf: (when: string) => `Changed ${when}`, versionUse: "Use this one", versionDelete: "Delete the account", versionsBoth: "Keep both as two accounts",
    versionsDecided: "One version is left.", versionsKept: "Both are accounts of their own now.", versionsFirst: "Choose a version first",
    reveal: "Show QR code and secret", seconds: (count: number) => plural(count, "second", "seconds"),
  },
  reveal: {
    title: "Show QR code and secret", lead: "Whoever sees this can make your codes. Make sure that nobody looks over your shoulder.",
    ask: "Type your passphrase once more", askRecovery: "Type your recovery key", useRecovery: "Use the recovery key instead", usePassphrase: "Use the passphrase instead",
    show: "Show", checking: "Checking…", closes: (seconds: number) => `Closes in ${seconds} s, and when you leave this window.`,
    secret: "Secret key", uri: "otpauth address", qr: "QR code of this account",
  },
} as const;
