import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

// Lockstep trusts one origin, so that another port would be no help.
const port = Number(process.env.SITE_PORT ?? 5173)

export default defineConfig({
  plugins: [vue()],
  server: { host: 'localhost', port, strictPort: true },
  preview: { host: 'localhost', port, strictPort: true },
})
