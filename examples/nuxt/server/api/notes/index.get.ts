// Needs no check of its own: routeRules in nuxt.config.ts ask for a user.
export default defineEventHandler(() => ['Buy milk', 'Water the plants'])
