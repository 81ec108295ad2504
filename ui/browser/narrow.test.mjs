import { lookAtAll } from './pages.mjs'

lookAtAll('narrow', { colorScheme: 'light', viewport: { width: 320, height: 640 } })
