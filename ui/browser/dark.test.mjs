import { lookAtAll } from './pages.mjs'

lookAtAll('dark', { colorScheme: 'dark' })
