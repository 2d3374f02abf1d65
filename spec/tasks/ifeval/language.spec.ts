import { describe, expect, it } from "vitest";
import { ifeval } from "../../../src/tasks/index.ts";

describe("detectLanguage(text)", () => {
  it.each([
    ["en", "Every morning the children run to the river and play near the old bridge."],
    ["en", "EVERY MORNING THE CHILDREN RUN TO THE RIVER AND PLAY."],
    ["de", "Jeden Morgen laufen die Kinder zum Fluss und spielen an der alten Brücke."],
    ["es", "Cada mañana los niños corren al río y juegan cerca del viejo puente."],
    ["fr", "Chaque matin les enfants courent à la rivière et jouent près du vieux pont."],
    ["pt", "Todas as manhãs as crianças correm para o rio e brincam perto da ponte velha."],
    ["it", "Ogni mattina i bambini corrono al fiume e giocano vicino al vecchio ponte."],
    ["fi", "Joka aamu lapset juoksevat joelle ja leikkivät vanhan sillan lähellä."],
    ["pl", "Każdego ranka dzieci biegną nad rzekę i bawią się przy starym moście."],
    ["vi", "Mỗi buổi sáng những đứa trẻ chạy ra sông và chơi gần cây cầu cũ."],
    ["ru", "Каждое утро дети бегут к реке и играют возле старого моста, что это такое."],
    ["uk", "Щоранку діти біжать до річки й граються біля старого мосту, як і завжди."],
    ["ar", "كل صباح يركض الأطفال إلى النهر ويلعبون بالقرب من الجسر القديم."],
    ["he", "כל בוקר הילדים רצים אל הנהר ומשחקים ליד הגשר הישן."],
    ["ja", "毎朝、子供たちは川へ走って行き、古い橋の近くで遊びます。"],
    ["ko", "매일 아침 아이들은 강으로 달려가 오래된 다리 근처에서 놉니다."],
    ["th", "ทุกเช้าเด็กๆ วิ่งไปที่แม่น้ำและเล่นใกล้สะพานเก่า"],
    ["ta", "ஒவ்வொரு காலையும் குழந்தைகள் ஆற்றுக்கு ஓடி பழைய பாலத்தின் அருகே விளையாடுகிறார்கள்."],
  ])("is %s for %s", (language, text) => {
    expect(ifeval.detectLanguage(text)).toBe(language);
  });

  it("is undefined without letters and und with too few", () => {
    expect(ifeval.detectLanguage("12, 3!")).toBeUndefined();
    expect(ifeval.detectLanguage("")).toBeUndefined();
    expect(ifeval.detectLanguage("ok")).toBe("und");
  });

  it("reads the start of a long text only", () => {
    const text = "The children run to the river. ".repeat(100_000);
    expect(ifeval.detectLanguage(text)).toBe("en");
  });
});
