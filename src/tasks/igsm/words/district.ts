import { compound, type Hierarchy, list } from "./lexicon.ts";

/** Districts have supermarkets, which have products, which have ingredients. */
export const district: Hierarchy = [
  {
    name: "District",
    groups: compound(
      `Amber, Beacon, Canal, Castle, Copper, Dockside, Eastgate, Foundry, Granary, Hillcrest,
       Lantern, Mason, Northwall, Orchard, Quarry, Riverbend, Station, Tannery, Weaver, Windmill`,
      "District, Quarter, Borough, Parish, Township",
    ),
  },
  {
    name: "Supermarket",
    groups: compound(
      `Acorn, Blue Door, Corner, Daybreak, Evergreen, Family, Golden Ear, Harvest, Island, Juniper,
       Kettle, Ladybird, Morning, Nectar, Oak Tree, Pepper Pot, Red Apple, Sunny, Three Bells, Valley`,
      "Market, Grocers, Foods, Pantry, Provisions",
    ),
  },
  {
    name: "Product",
    groups: compound(
      `Autumn, Baker's, Campfire, Classic, Country, Deluxe, Farmhouse, Festive, Garden, Grandma's,
       Homestyle, Lakeside, Midnight, Mountain, Picnic, Royal, Rustic, Seaside, Spicy, Village`,
      "Soup, Pie, Salad, Sandwich, Casserole",
    ),
  },
  {
    name: "Ingredient",
    groups: [
      list(`Carrot, Celery, Onion, Leek, Potato, Turnip, Parsnip, Beetroot, Radish, Cabbage, Spinach,
        Kale, Broccoli, Cauliflower, Zucchini, Eggplant, Tomato, Cucumber, Pumpkin, Fennel`),
      list(`Basil, Oregano, Thyme, Rosemary, Sage, Parsley, Dill, Mint, Coriander, Cumin, Turmeric,
        Paprika, Cinnamon, Nutmeg, Clove, Cardamom, Ginger, Saffron, Tarragon, Chive`),
      list(`Apple, Pear, Plum, Cherry, Apricot, Peach, Fig, Date, Grape, Raisin, Lemon, Lime, Orange,
        Mango, Papaya, Banana, Pineapple, Coconut, Blueberry, Raspberry`),
      list(`Rice, Barley, Oat, Rye, Wheat, Millet, Quinoa, Buckwheat, Corn, Polenta, Couscous, Lentil,
        Chickpea, Black Bean, Kidney Bean, Green Pea, Soybean, Peanut, Walnut, Almond`),
      list(`Butter, Cream, Yogurt, Cheddar, Mozzarella, Parmesan, Feta, Ricotta, Egg, Honey, Maple
        Syrup, Molasses, Olive Oil, Sesame Oil, Vinegar, Mustard, Soy Sauce, Vanilla, Cocoa, Yeast`),
    ],
  },
];
