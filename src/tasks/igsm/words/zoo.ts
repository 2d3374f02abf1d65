import { compound, type Hierarchy, list } from "./lexicon.ts";

/** Zoos have enclosures, which have animals, which have bones. */
export const zoo: Hierarchy = [
  {
    name: "Zoo",
    groups: compound(
      `Alder Hill, Birchwood, Clearwater, Dunmore, Elm Grove, Fairhaven, Glenrock, Hartley, Ironbridge,
       Kingsmere, Larkfield, Maplewood, Newbrook, Oldbury, Pinehurst, Queensway, Rosedale, Stonegate,
       Thornbury, Westcliff`,
      "Zoo, Wildlife Park, Aquarium, Safari Park, Menagerie",
    ),
  },
  {
    name: "Enclosure",
    groups: compound(
      `Arctic, Bamboo, Cactus, Canyon, Coral, Cypress, Delta, Fern, Glacier, Island, Jungle, Lotus,
       Mangrove, Monsoon, Outback, Prairie, Rainforest, Savanna, Sunset, Tundra`,
      "Aviary, Lagoon, Meadow, Terrarium, Pavilion",
    ),
  },
  {
    name: "Animal",
    groups: [
      list(`Antelope, Badger, Bison, Camel, Cheetah, Elephant, Fox, Gazelle, Giraffe, Hippopotamus,
        Hyena, Jaguar, Kangaroo, Leopard, Lion, Otter, Panda, Rhinoceros, Tiger, Zebra`),
      list(`Albatross, Buzzard, Crane, Eagle, Falcon, Flamingo, Goose, Heron, Ibis, Kingfisher, Macaw,
        Ostrich, Owl, Parrot, Peacock, Pelican, Penguin, Stork, Swan, Toucan`),
      list(`Anchovy, Barracuda, Carp, Catfish, Cod, Eel, Grouper, Haddock, Halibut, Herring, Mackerel,
        Perch, Pike, Salmon, Sardine, Sturgeon, Swordfish, Trout, Tuna, Turbot`),
      list(`Alligator, Anaconda, Boa, Caiman, Chameleon, Cobra, Crocodile, Gecko, Iguana, Komodo Dragon,
        Mamba, Monitor, Python, Rattlesnake, Skink, Slow Worm, Terrapin, Tortoise, Turtle, Viper`),
      list(`Bullfrog, Caecilian, Cane Toad, Dart Frog, Fire Newt, Giant Salamander, Glass Frog, Mudpuppy,
        Marsh Frog, Midwife Toad, Moor Frog, Newt, Olm, Pond Frog, Siren, Spadefoot, Spring Peeper,
        Toad, Tree Frog, Axolotl`),
    ],
  },
  {
    name: "Bone",
    groups: [
      list(`Frontal Bone, Parietal Bone, Temporal Bone, Occipital Bone, Sphenoid, Ethmoid, Nasal Bone,
        Lacrimal Bone, Zygomatic Bone, Maxilla, Mandible, Palatine Bone, Vomer, Hyoid`),
      list(`Clavicle, Scapula, Humerus, Radius, Ulna, Scaphoid, Lunate, Triquetrum, Pisiform, Trapezium,
        Trapezoid, Capitate, Hamate, Metacarpal`),
      list(`Femur, Patella, Tibia, Fibula, Talus, Calcaneus, Navicular, Cuboid, Medial Cuneiform,
        Lateral Cuneiform, Metatarsal, Ilium, Ischium, Pubis`),
      list(`Atlas, Axis, Sternum, Manubrium, Sacrum, Coccyx, True Rib, False Rib, Floating Rib,
        Cervical Vertebra, Thoracic Vertebra, Lumbar Vertebra, Caudal Vertebra, Xiphoid Process`),
      list(`Furcula, Keel, Quadrate, Pygostyle, Coracoid, Operculum, Urostyle, Fin Ray, Fin Spine,
        Gill Arch, Dewclaw, Cannon Bone, Coffin Bone, Pastern Bone`),
    ],
  },
];
