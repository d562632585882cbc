import { svelte } from "@sveltejs/vite-plugin-svelte";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [svelte(), svelteTesting()],
  base: "./",
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  build: {
    // WebKitGTK 2.44, the oldest web view that the app is bundled for, is Safari 17.4.
    target: "safari17.4",
    // The page's policy allows fonts from its own origin only, so nothing may turn into a data: address.
    assetsInlineLimit: 0,
    // Every web view in question preloads modules itself; the stand-in would need `connect-src`.
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // From the disk, not over a network: one file is read faster than several.
    chunkSizeWarningLimit: 1_000,
  },
  test: {
    environment: "jsdom",
    setupFiles: ["src/test/setup.ts"],
    include: ["src/**/*.test.ts"],
    restoreMocks: true,
    testTimeout: 60_000, // axe in jsdom on a busy machine
  },
});
