import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const LOADER = '@cornerstonejs/dicom-image-loader';
const { version } = JSON.parse(readFileSync(new URL('./package.json', import.meta.url), 'utf8'));
const server = process.env.HOUNSFIELD_URL ?? 'http://127.0.0.1:8080';
const proxy = { '/api': server, '/dicom-web': server, '/healthz': server };

export default defineConfig({
  plugins: [react()],
  define: { __VIEWER_VERSION__: JSON.stringify(version) },
  resolve: {
    alias: {
      // vtk.js imports xmlbuilder2 for its XML readers, which nothing here uses; the real package
      // extends Node's `events`, which is empty in a browser, and the app would die when it starts.
      xmlbuilder2: fileURLToPath(new URL('./src/viewport/xmlbuilder2.ts', import.meta.url)),
    },
  },
  optimizeDeps: {
    // The loader finds its worker and codecs by URL, so it stays as it is; what it imports from
    // CommonJS has to be named for the development server.
    exclude: [LOADER],
    include: [
      'dicom-parser',
      `${LOADER} > comlink`,
      `${LOADER} > pako`,
      `${LOADER} > @cornerstonejs/jpeg-lossless-decoder-js`,
      `${LOADER} > @cornerstonejs/codec-charls/decodewasmjs`,
      `${LOADER} > @cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs`,
      `${LOADER} > @cornerstonejs/codec-openjpeg/decodewasmjs`,
      `${LOADER} > @cornerstonejs/codec-openjph/wasmjs`,
      `${LOADER} > @cornerstonejs/codec-libjxl/decodewasmjs`,
    ],
  },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    // The content security policy allows no data: scripts, so nothing is inlined.
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 5000,
  },
  server: { host: '127.0.0.1', port: 5173, proxy },
  preview: { host: '127.0.0.1', port: 4173, proxy },
  test: {
    environment: 'happy-dom',
    include: ['src/**/*.test.{ts,tsx}'],
    setupFiles: ['src/test-setup.ts'],
    css: false,
  },
});
