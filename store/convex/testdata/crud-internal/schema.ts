export { default } from '../crud/schema'
