import { defineConfig } from "vite";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The content policy forbids inline data for scripts; the map is the large part, and changes
    // seldom: a chunk of its own stays cached.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 1500,
  },
  server: { proxy: { "^/(api|tiles|styles|legends)/": "http://127.0.0.1:8000" } },
});
