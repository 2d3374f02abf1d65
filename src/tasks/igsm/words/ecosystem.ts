import { compound, type Hierarchy, list } from "./lexicon.ts";

/** Ecosystems have creatures, which have organs, which have cells. */
export const ecosystem: Hierarchy = [
  {
    name: "Ecosystems",
    groups: compound(
      `Alpine, Boreal, Central, Coastal, Eastern, Equatorial, Highland, Inland, Lowland, Misty, Montane,
       Northern, Polar, Shaded, Southern, Subtropical, Temperate, Tropical, Western, Windward`,
      "Forest, Grassland, Wetland, Desert, Reef",
    ),
  },
  {
    name: "Creatures",
    groups: [
      list(`Basilisk, Centaur, Chimera, Cyclops, Dragon, Dryad, Fairy, Gargoyle, Giant, Goblin, Griffin,
        Hydra, Kraken, Mermaid, Minotaur, Nymph, Ogre, Phoenix, Sphinx, Unicorn`),
      list(`Ant, Bee, Beetle, Butterfly, Cicada, Cockroach, Cricket, Dragonfly, Earwig, Firefly,
        Grasshopper, Hornet, Katydid, Ladybug, Locust, Mantis, Mayfly, Moth, Termite, Wasp`),
      list(`Allosaurus, Ammonite, Archaeopteryx, Brachiosaurus, Dodo, Ichthyosaur, Iguanodon, Mammoth,
        Mastodon, Megalodon, Moa, Plesiosaur, Pterodactyl, Stegosaurus, Thylacine, Triceratops,
        Trilobite, Tyrannosaurus, Velociraptor, Quagga`),
      list(`Abalone, Barnacle, Clam, Cockle, Conch, Crab, Crayfish, Cuttlefish, Krill, Limpet, Lobster,
        Mussel, Nautilus, Octopus, Oyster, Prawn, Scallop, Sea Urchin, Squid, Whelk`),
      list(`Bat, Beaver, Chipmunk, Dormouse, Ferret, Gopher, Hamster, Hare, Hedgehog, Lemming, Marmot,
        Mole, Mongoose, Muskrat, Porcupine, Rabbit, Shrew, Squirrel, Vole, Weasel`),
    ],
  },
  {
    name: "Organs",
    groups: [
      list(`Amygdala, Brainstem, Cerebellum, Cortex, Frontal Lobe, Hippocampus, Hypothalamus, Medulla,
        Occipital Lobe, Optic Nerve, Parietal Lobe, Pineal Gland, Pituitary, Pons, Retina, Spinal Cord,
        Temporal Lobe, Thalamus`),
      list(`Appendix, Cecum, Colon, Crop, Duodenum, Esophagus, Gallbladder, Gizzard, Ileum, Jejunum,
        Liver, Pancreas, Pharynx, Rectum, Salivary Gland, Spleen, Stomach, Tongue`),
      list(`Aorta, Aortic Valve, Atrium, Bronchus, Carotid Artery, Diaphragm, Heart, Jugular Vein, Larynx,
        Lung, Mitral Valve, Myocardium, Nasal Cavity, Pericardium, Pleura, Trachea, Vena Cava, Ventricle`),
      list(`Achilles Tendon, Ankle Joint, Biceps, Calf Muscle, Deltoid, Elbow Joint, Gluteus, Hamstring,
        Hip Joint, Jaw Muscle, Knee Joint, Neck Muscle, Pectoral, Quadriceps, Rotator Cuff,
        Shoulder Joint, Trapezius, Triceps`),
      list(`Adrenal Gland, Bladder, Bone Marrow, Cornea, Hair Follicle, Kidney, Lymph Node, Mammary Gland,
        Ovary, Parathyroid, Prostate, Skin, Sweat Gland, Testis, Thymus, Thyroid, Tonsil, Ureter`),
    ],
  },
  {
    name: "Cells",
    groups: [
      list(`Basophil, Dendritic Cell, Eosinophil, Erythrocyte, Granulocyte, Killer Cell, Leukocyte,
        Lymphocyte, Macrophage, Mast Cell, Megakaryocyte, Monocyte, Neutrophil, Plasma Cell,
        Platelet, Reticulocyte, Stem Cell, Thrombocyte`),
      list(`Astrocyte, Basket Cell, Bipolar Cell, Chandelier Cell, Cone Cell, Ependymal Cell, Ganglion Cell,
        Granule Cell, Interneuron, Microglia, Motor Neuron, Oligodendrocyte, Purkinje Cell,
        Pyramidal Cell, Rod Cell, Satellite Cell, Schwann Cell, Sensory Neuron`),
      list(`Basal Cell, Ciliated Cell, Clara Cell, Columnar Cell, Cuboidal Cell, Enterocyte, Goblet Cell,
        Hair Cell, Keratinocyte, Langerhans Cell, Melanocyte, Merkel Cell, Paneth Cell, Pneumocyte,
        Podocyte, Squamous Cell, Tuft Cell, Urothelial Cell`),
      list(`Adipocyte, Cardiomyocyte, Chondroblast, Chondrocyte, Fibroblast, Fibrocyte, Muscle Spindle Cell,
        Myoblast, Myocyte, Myofibroblast, Osteoblast, Osteoclast, Osteocyte, Pericyte,
        Smooth Muscle Cell, Striated Cell, Synoviocyte, Tenocyte`),
      list(`Acinar Cell, Alpha Cell, Beta Cell, Chief Cell, Chromaffin Cell, Corticotroph, Delta Cell,
        Endothelial Cell, Gonadotroph, Hepatocyte, Kupffer Cell, Lactotroph, Leydig Cell,
        Parietal Cell, Principal Cell, Sertoli Cell, Somatotroph, Thyrotroph`),
    ],
  },
];
