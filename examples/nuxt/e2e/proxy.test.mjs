import { compared } from './lib/flows.mjs'

compared('proxy')
