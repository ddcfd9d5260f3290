/** The words of a map file: kinds of features and places as people write them, in English and Chinese, and where they stand. */
import type { FeatureKind } from '../contract/site-map.js';
import { placeKind, type PlaceKind } from '../contract/site.js';

const kinds: Readonly<Record<FeatureKind, string>> = {
  boundary: 'boundary site outline 边界 村界 范围 边界线',
  entrance: 'entrance entry gate access 入口 出入口 大门 村口 路口',
  place: 'place poi 场所 地点 重点场所 重点部位',
  dwelling: 'dwelling house home residence residential 住宅 住宅区 民房 住户 农房 居民楼',
  prohibited: 'prohibited prohibitedarea forbidden nofilming 禁区 禁拍区 禁止区域 禁止区',
  occluder: 'occluder obstacle obstruction building wall 遮挡物 遮挡 障碍物 建筑物 建筑 围墙 墙',
};

const placeWords: Readonly<Partial<Record<PlaceKind, string>>> = {
  'pump-station': '泵站 水泵房', store: '仓库 商店', depot: '堆场 货场', substation: '变电站 配电房', 'school-gate': '学校门口 校门', 'waters-edge': '水边 水域边缘', 'building-site': '工地 建筑工地',
  'car-park-after-hours': '停车场', workshop: '车间 作坊', granary: '粮仓 粮库', 'livestock-shed': '养殖棚 牲畜棚', bridge: '桥 桥梁', landfill: '垃圾填埋场', well: '水井 机井', 'telecom-mast': '通信塔 基站', 'checkpoint-barrier': '卡口 检查站',
  dwelling: '住宅', 'place-of-worship': '宗教场所 寺庙 教堂', 'polling-place': '投票站', 'petition-office': '信访室', 'legal-office': '律师事务所 司法所', 'press-office': '新闻机构', 'medical-office': '诊所 卫生室 医院', 'place-of-assembly': '集会场所 文化广场',
};

const plain = (text: string): string => text.toLowerCase().replace(/[\s_-]+/g, '');
const kindByWord = new Map(Object.entries(kinds).flatMap(([kind, words]) => words.split(' ').map((word) => [word, kind as FeatureKind] as const)));
const placeByWord = new Map<string, PlaceKind>([
  ...placeKind.options.map((kind) => [plain(kind), kind] as const),
  ...Object.entries(placeWords).flatMap(([kind, words]) => words.split(' ').map((word) => [word, kind as PlaceKind] as const)),
]);

export function featureKindOf(text: string): FeatureKind | undefined {
  return kindByWord.get(plain(text));
}

export function placeKindOf(text: string): PlaceKind | undefined {
  return placeByWord.get(plain(text));
}

/** Names of properties, the first that is there counts. */
export const propertyNames = {
  kind: ['kind', 'type', '类型', '种类'],
  name: ['name', '名称', '名字'],
  height: ['height_m', 'heightM', 'height', '高度', '高度_m'],
  placeKind: ['place_kind', 'placeKind', '场所类型', '地点类型'],
} as const;
