import { consumingSuite } from "./support/consumingSuite.js"
import { places } from "./support/places.js"

for (const place of places) {
  consumingSuite(place)
}
