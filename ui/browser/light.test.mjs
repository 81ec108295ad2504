import { lookAtAll } from './pages.mjs'

lookAtAll('light', { colorScheme: 'light' })
