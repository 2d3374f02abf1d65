import { compound, type Hierarchy } from "./lexicon.ts";

/** Schools have classrooms, which have backpacks, which have stationery. */
export const school: Hierarchy = [
  {
    name: "School",
    groups: compound(
      `Ashford, Brookside, Cedar Valley, Dover, Eastlake, Foxglove, Greenfield, Highland, Ivy Lane,
       Kingfisher Bay, Lakeview, Meadowbrook, Northgate, Oakridge, Parkside, Riverdale, Silver Birch,
       Summit, Westbrook, Willow Creek`,
      "Academy, College, High School, Institute, Elementary",
    ),
  },
  {
    name: "Classroom",
    groups: compound(
      `Algebra, Anatomy, Astronomy, Biology, Botany, Chemistry, Drama, Economics, Film, Geography,
       Geology, Geometry, History, Journalism, Linguistics, Music, Physics, Pottery, Robotics, Statistics`,
      "Classroom, Laboratory, Studio, Workshop, Library",
    ),
  },
  {
    name: "Backpack",
    groups: compound(
      `Camping, Canvas, Checkered, Climbing, Commuter, Cycling, Denim, Folding, Hiking, Laptop, Leather,
       Mesh, Padded, Quilted, Rolling, Striped, Travel, Vintage, Waterproof, Weekend`,
      "Backpack, Satchel, Daypack, Duffel, Messenger Bag",
    ),
  },
  {
    name: "Stationery",
    groups: compound(
      `Azure, Black, Bronze, Coral, Crimson, Emerald, Glitter, Gold, Indigo, Ivory, Lavender, Magenta,
       Mustard, Navy, Pink, Scarlet, Silver, Teal, Violet, White`,
      "Pencil, Notebook, Folder, Marker, Eraser",
    ),
  },
];
