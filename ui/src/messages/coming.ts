// How to come from another app, in five steps each: a part of the table in en.ts.

interface App { readonly id: string; readonly name: string; readonly steps: readonly [string, string, string, string, string] }

const DROP = "Bring the file to this computer and drop it on this window, or choose it below.";
const PASSWORD = "Type the export’s password when Keyhaven asks for it.";
const LOOK = "Look through what was found, add it, and compare one code with the old app before you delete anything.";
const READABLE = "This export can be read by anyone: delete it, also from the bin, once your codes are here.";

/** The ten that most people come from. */
const apps: readonly App[] = [
  {
    id: "google", name: "Google Authenticator", steps: [
      "On the phone open the menu ☰, “Transfer accounts”, “Export accounts”.",
      "Choose all accounts. It shows QR codes with up to ten accounts each.",
      "Here choose “Use the camera” and hold the phone before it; when Keyhaven has counted a code, go on to the next.",
      "Without a camera: photograph every code with another phone and drop all pictures on this window, in any order.",
      "Keyhaven says whether a part is missing. Add what was found, then delete the pictures.",
    ],
  },
  {
    id: "microsoft", name: "Microsoft Authenticator", steps: [
      "It exports nothing, so each account is set up once more. Keep the old app until the last one works.",
      "Sign in to the service and open its security settings, “Authenticator app” or “Two-step verification”.",
      "Choose to set up a new or another authenticator app, until a QR code or a text key shows.",
      "Bring it here: a picture of the code, a copy of it, or the text key typed in.",
      "Type Keyhaven’s code on that page. For Microsoft’s own accounts choose “I want to use a different authenticator app”.",
    ],
  },
  {
    id: "authy", name: "Authy", steps: [
      "Authy exports nothing, so each account is set up once more. Keep Authy until the last one works.",
      "Sign in to the service and open its security settings, “Authenticator app” or “Two-step verification”.",
      "Choose to set up a new or another authenticator app, until a QR code or a text key shows.",
      "Bring it here: a picture of the code, a copy of it, or the text key typed in.",
      "Type Keyhaven’s code on that page. From a rooted phone Authy’s own XML file is read too.",
    ],
  },
  { id: "aegis", name: "Aegis", steps: ["Open Settings, “Import & Export”, “Export”.", "Leave the format at Aegis’ JSON and “Encrypt the vault” ticked, and save the file.", DROP, PASSWORD, LOOK] },
  { id: "2fas", name: "2FAS", steps: ["Open Settings, “2FAS Backup”, “Export to file”.", "Set a password for the backup and save the .2fas file.", DROP, PASSWORD, LOOK] },
  { id: "ente", name: "Ente Auth", steps: ["Open Settings, “Data”, “Export codes”.", "Choose the encrypted export and give it a password.", DROP, PASSWORD, LOOK] },
  { id: "bitwarden", name: "Bitwarden", steps: ["In the browser or desktop app open Tools, “Export vault”.", "Choose “.json (Encrypted)” and the type “Password protected”: the account-restricted one opens nowhere else.", DROP, PASSWORD, LOOK] },
  { id: "1password", name: "1Password", steps: ["In the desktop app choose “File”, “Export” and your account.", "Choose the format 1PUX and save the file.", DROP, LOOK, READABLE] },
  { id: "lastpass", name: "LastPass Authenticator", steps: ["Open Settings, “Transfer accounts”.", "Choose “Export accounts to file” and save the JSON file.", DROP, LOOK, READABLE] },
  { id: "proton", name: "Proton Authenticator", steps: ["Open Settings, “Export”.", "Give the export a password and save the file.", DROP, PASSWORD, LOOK] },
];

export const coming = {
  coming: {
    title: "Coming from another app?", lead: "Choose the app that has your codes now. Nothing in it changes.", app: "Your app", apps, steps: "Five steps", open: "Show me how",
    others: "Other programs’ exports are recognised too: andOTP, FreeOTP, KeePassXC, Raivo, Stratum, WinAuth and more. Drop the file and see.",
    first: "First make the vault here. Then Keyhaven takes your accounts over in five steps.",
  },
} as const;
