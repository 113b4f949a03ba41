"""A made-up labour market with known truth, for `talent_quality`. The seed was fixed first.

People and positions have latent competences; what is written of them is a noisy rendering in
words of this file. The labels come from the latent values alone. The matcher sees the words and
the form fields; it has never seen the paraphrases, and nothing of its files is imported here.
"""

from dataclasses import dataclass, field

import numpy as np

SEED = 20221001
COMPETENCES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    # latent competence: (usual words of advertisements, paraphrases)
    "drive": (
        ("伺服驱动", "伺服控制"),
        ("让电机轴按指令精确跟随位置", "整定位置环和速度环参数", "高响应轴系调试"),
    ),
    "motor": (
        ("电机设计", "永磁同步电机"),
        ("用有限元算磁路并优化转矩脉动", "绕组与槽极配合方案制定", "转子结构选型计算"),
    ),
    "foc": (
        ("FOC", "矢量控制"),
        ("在DSP上实现磁场定向算法", "无位置传感器启动方案", "三相电流闭环代码编写"),
    ),
    "power": (
        ("电力电子", "开关电源"),
        ("功率模块选型与栅极驱动", "大电流变换电路打样", "整机效率提升到百分之九十七"),
    ),
    "plc": (
        ("PLC编程", "西门子S7"),
        ("产线逻辑程序编写与下载", "现场联锁与急停逻辑调试", "用博图写功能块"),
    ),
    "scada": (
        ("SCADA", "组态软件"),
        ("车间大屏画面与报警点配置", "中控室监视画面开发", "数采点表整理与上线"),
    ),
    "bus": (
        ("工业总线", "Modbus"),
        ("把不同厂家的控制器通信打通", "从站报文解析", "实时以太网主站调试"),
    ),
    "robot": (
        ("工业机器人集成", "机器人调试"),
        ("六轴机械臂工作站落地", "示教点位并优化节拍", "夹具与机械手联动方案"),
    ),
    "slam": (("SLAM", "AGV"), ("无人搬运车在仓库自主走线", "激光雷达建图定位", "多车调度与避让")),
    "vision": (
        ("机器视觉检测", "Halcon"),
        ("相机打光拍照找出外观不良", "划痕和脏污自动判定", "在线拍照检出率做到99.5%"),
    ),
    "imaging": (
        ("图像处理", "OpenCV"),
        ("边缘提取与形态学运算", "照片去噪与增强算法", "像素级分割标注与实现"),
    ),
    "optics": (("光学设计", "Zemax"), ("多片透镜像差优化", "照明均匀性仿真", "成像系统公差计算")),
    "ml": (
        ("机器学习", "XGBoost"),
        ("用历史工单训练预测模型", "特征筛选和交叉验证", "离线模型上线与监控"),
    ),
    "dl": (
        ("深度学习", "PyTorch"),
        ("训练卷积模型并量化部署", "多卡训练与蒸馏", "用标注样本微调网络"),
    ),
    "phm": (
        ("预测性维护", "故障诊断"),
        ("从振动信号提前发现轴承损伤", "设备劣化趋势建模", "停机前一周给出预警"),
    ),
    "python": (
        ("Python", "Python开发"),
        ("用脚本语言写后台服务和爬取工具", "Django项目维护", "写pytest用例与打包发布"),
    ),
    "java": (
        ("Java开发", "Spring Boot"),
        ("JVM系后台接口开发", "MyBatis与分布式事务", "订单中台重构"),
    ),
    "cpp": (
        ("C++", "C/C++开发"),
        ("底层高性能模块编码", "STL与多线程调优", "实时程序内存泄漏排查"),
    ),
    "cloud": (
        ("Kubernetes", "微服务"),
        ("把单体拆分并上容器平台", "灰度发布与弹性伸缩", "流水线持续交付"),
    ),
    "mes": (
        ("MES", "制造执行系统"),
        ("工单下发到工位并追溯批次", "车间报工和在制品看板", "条码追溯项目实施"),
    ),
    "iot": (("工业物联网", "MQTT"), ("设备联网上云", "边缘盒子采集与断点续传", "万台终端接入平台")),
    "mcu": (
        ("嵌入式开发", "STM32"),
        ("裸机与实时内核上的固件编写", "低功耗芯片程序", "外设驱动与Bootloader"),
    ),
    "pcb": (("PCB设计", "硬件设计"), ("高速信号布线与叠层", "画板打样并调通", "原理与版图全流程")),
    "fpga": (
        ("FPGA", "Verilog"),
        ("可编程逻辑实现图像流水线", "时序约束与跨时钟域", "硬件描述语言编码"),
    ),
    "mech": (
        ("机械结构设计", "SolidWorks"),
        ("整机三维出图到装配", "自动化专机方案设计", "受力校核与轻量化"),
    ),
    "fea": (
        ("有限元分析", "ANSYS"),
        ("算强度和疲劳寿命", "模态与随机振动计算", "网格划分与载荷施加"),
    ),
    "thermal": (("热设计", "散热设计"), ("液冷板流道优化", "机箱温升控制", "风道布置与结温估算")),
    "cnc": (("数控加工", "加工中心"), ("五轴机床编程试切", "铣削参数与刀路优化", "FANUC系统操机")),
    "mould": (("模具设计", "注塑模具"), ("型腔分型与浇口布置", "热流道方案", "试模与缩水变形改善")),
    "weld": (("焊接工艺", "氩弧焊"), ("不锈钢薄板熔接", "焊缝质量评定", "编制WPS并评定")),
    "heat": (("热处理", "渗碳"), ("淬回火炉温曲线制定", "硬度与金相不合格整改", "真空炉操作")),
    "print3d": (
        ("增材制造", "3D打印"),
        ("金属粉末逐层熔化成形", "打印件支撑与参数开发", "快速成型件后处理"),
    ),
    "cathode": (
        ("正极材料", "动力电池材料"),
        ("三元前驱体合成与烧结", "克容量与循环性能提升", "包覆掺杂改性"),
    ),
    "cell": (
        ("电芯工艺", "极片涂布"),
        ("浆料搅拌到化成分容", "叠片与注液良率改善", "软包方形产线爬坡"),
    ),
    "bms": (
        ("BMS", "电池管理系统"),
        ("估算剩余电量和健康度", "均衡策略与过充保护", "高压采样板软件"),
    ),
    "storage": (
        ("储能系统", "储能集成"),
        ("集装箱式电站设计", "削峰填谷项目交付", "并网调试与验收"),
    ),
    "coat": (("表面处理", "阳极氧化"), ("铝件着色与封孔", "镀层结合力提升", "盐雾一千小时达标")),
    "polymer": (
        ("高分子材料", "工程塑料"),
        ("改性料配方与挤出造粒", "阻燃增强牌号开发", "注塑料力学指标提升"),
    ),
    "synth": (
        ("有机合成", "合成路线"),
        ("多步反应放大到吨级", "手性化合物制备", "反应条件筛选与纯化"),
    ),
    "ivd": (
        ("体外诊断", "化学发光"),
        ("抗体配对与试剂盒开发", "检测灵敏度与批间差控制", "免疫项目转产"),
    ),
    "device": (
        ("医疗器械", "ISO13485"),
        ("植入物设计开发文档", "手术器械设计转换", "有源设备安规整改"),
    ),
    "regaff": (
        ("医疗器械注册", "法规事务"),
        ("三类证申报资料编写", "临床评价与体考配合", "技术要求编制与发补"),
    ),
    "quality": (
        ("质量管理", "IATF16949"),
        ("客户投诉8D闭环", "过程审核与供应商辅导", "出货不良率降到百万分之五十"),
    ),
    "sixsigma": (
        ("六西格玛", "SPC"),
        ("用DMAIC做改善项目", "过程能力指数分析", "统计实验降低波动"),
    ),
    "lean": (
        ("精益生产", "精益改善"),
        ("缩短换型时间和搬运浪费", "车间5S与看板拉动", "一个流布局改造"),
    ),
    "plan": (
        ("生产计划", "排产"),
        ("按订单齐套安排车间顺序", "产销协调与交期承诺", "瓶颈工序负荷平衡"),
    ),
    "supply": (
        ("供应链管理", "供应商管理"),
        ("二供开发与降本", "关键物料保供", "来料交付与库存周转"),
    ),
    "pm": (
        ("项目管理", "PMP"),
        ("跨部门里程碑推进", "研发节点评审与风险跟踪", "按期交付十余个课题"),
    ),
    "rdm": (
        ("研发管理", "技术总监"),
        ("搭建百人工程队伍", "制定三年产品路线图", "技术委员会负责人"),
    ),
    "digital": (
        ("数字化转型", "智能工厂规划"),
        ("灯塔车间蓝图编制", "信息系统顶层设计", "两百个应用场景梳理"),
    ),
    "finance": (("股权融资", "IPO"), ("引入战略投资人", "北交所申报材料组织", "尽调与估值谈判")),
    "account": (
        ("财务会计", "成本会计"),
        ("三大报表编制", "车间费用归集分摊", "年审配合与账务处理"),
    ),
    "ip": (("专利布局", "知识产权管理"), ("技术交底挖掘与检索", "侵权风险排查", "PCT申请组织")),
    "sales": (("大客户销售", "技术销售"), ("开拓头部整机厂", "年签约过亿", "招投标与回款")),
    "export": (("外贸", "国际贸易"), ("欧洲代理商开发", "信用证与单证处理", "展会获客")),
    "ecom": (("跨境电商", "电商运营"), ("亚马逊店铺爆款打造", "投放转化优化", "直播间场控")),
    "water": (("污水处理", "膜分离"), ("园区排水提标", "生化池调试与加药", "零排放项目运营")),
    "lift": (("电梯维保", "电梯维修"), ("轿厢困人应急处置", "曳引机与门机检修", "扶梯年检配合")),
    "electric": (("电气设计", "EPLAN"), ("配电柜图纸与选型", "成套盘柜设计", "低压系统计算")),
    "maintain": (("设备维护", "设备管理"), ("注塑机冲床抢修", "备件与保养计划", "故障停机率降低")),
}
FAMILIES: tuple[tuple[str, int, tuple[str, ...], tuple[int, ...]], ...] = (
    # kind, latent group, competences, disciplines
    ("innovative", 0, ("drive", "motor", "foc", "power", "mcu", "bus", "cpp"), (20, 23)),
    ("innovative", 1, ("plc", "scada", "bus", "electric", "robot", "drive", "iot"), (23, 20)),
    ("innovative", 2, ("vision", "imaging", "optics", "dl", "cpp", "python", "robot"), (24, 52)),
    ("innovative", 3, ("ml", "dl", "phm", "python", "cloud", "iot", "java"), (24, 25)),
    ("innovative", 4, ("java", "cloud", "mes", "iot", "python", "digital", "pm"), (25, 24)),
    ("innovative", 5, ("mcu", "pcb", "fpga", "cpp", "power", "bms", "thermal"), (21, 22)),
    ("innovative", 6, ("mech", "fea", "thermal", "robot", "mould", "print3d", "slam"), (10, 11)),
    ("skilled", 7, ("cnc", "mould", "weld", "heat", "print3d", "coat", "maintain"), (10, 12)),
    ("innovative", 8, ("cathode", "cell", "bms", "storage", "polymer", "thermal"), (12, 30)),
    ("innovative", 9, ("polymer", "synth", "coat", "water", "quality", "cathode"), (30, 31)),
    ("innovative", 10, ("ivd", "device", "regaff", "quality", "synth", "pm"), (41, 42)),
    ("managerial", 11, ("quality", "sixsigma", "lean", "plan", "supply", "pm"), (61, 60)),
    ("managerial", 12, ("rdm", "pm", "digital", "finance", "ip", "sales"), (60, 61)),
    ("managerial", 13, ("account", "finance", "ip", "export", "sales", "ecom"), (62, 63)),
    ("skilled", 14, ("lift", "electric", "maintain", "plc", "weld", "cnc"), (20, 10)),
)
CITIES = ("440106", "440112", "440306", "440604", "441900", "330106", "310115", "430102")
MODES = ("full", "flexible", "outsourced", "internship")


@dataclass(frozen=True)
class Person:
    """Latent truth of a person, what is written of them, and groups no matcher may use."""

    ability: dict[str, float]
    level: int
    years: int
    discipline: int
    region: str
    reach: str
    modes: tuple[str, ...]
    asks: int
    kind: str
    form: dict[str, object] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Vacancy:
    """Latent truth of a position, and what is written of it."""

    needs: dict[str, float]
    level: int
    years: int
    discipline: int
    region: str
    mode: str
    pays: int
    kind: str
    form: dict[str, object] = field(default_factory=dict)


def people(count: int, rng: np.random.Generator) -> list[Person]:
    """A population. Groups are drawn apart from ability; age goes with years of work."""
    return [_person(rng) for _ in range(count)]


def vacancies(count: int, rng: np.random.Generator) -> list[Vacancy]:
    """Positions of the same labour market."""
    return [_vacancy(rng) for _ in range(count)]


def gain(vacancy: Vacancy, person: Person) -> int:
    """How well they truly fit, 0 to 4, from latent values alone."""
    if vacancy.kind != person.kind or vacancy.mode not in person.modes:
        return 0
    whole = sum(vacancy.needs.values())
    able = sum(weight * person.ability.get(name, 0.0) for name, weight in vacancy.needs.items())
    fit = (able / whole) ** 0.8
    fit *= float(np.exp(-0.35 * max(vacancy.level - person.level, 0)))
    fit *= min(1.0, (person.years + 1) / (vacancy.years + 1)) ** 0.5
    fit *= 1.0 if person.discipline == vacancy.discipline else 0.85
    fit *= 1.0 / (1.0 + float(np.exp((person.asks / vacancy.pays - 1.25) * 9)))
    return int(np.floor(fit * _willing(vacancy, person) * 4.999))


def _willing(vacancy: Vacancy, person: Person) -> float:
    if vacancy.mode in ("flexible", "outsourced") or vacancy.region[:4] == person.region[:4]:
        return 1.0
    if person.reach == "anywhere":
        return 0.7
    same_province = vacancy.region[:2] == person.region[:2]
    return 0.85 if person.reach == "province" and same_province else 0.0


def _person(rng: np.random.Generator) -> Person:
    kind, _, names, fields = FAMILIES[rng.integers(len(FAMILIES))]
    chosen = rng.choice(names, size=rng.integers(2, len(names)), replace=False)
    ability = {str(name): float(rng.beta(4, 2)) for name in chosen}
    if rng.random() < 0.3:
        ability[str(rng.choice(list(COMPETENCES)))] = float(rng.beta(2, 3))
    years = int(np.clip(rng.gamma(2.2, 4.5), 0, 38))
    level = int(np.clip(round(1 + years / 7 + rng.normal(0, 0.8)), 1, 6))
    modes = ("full",) if rng.random() < 0.6 else ("full", str(rng.choice(MODES[1:])))
    asks = int(6_000 + 3_500 * level + rng.normal(0, 2_500)) // 100 * 100
    discipline = int(rng.choice(fields))
    region, reach = str(rng.choice(CITIES)), str(rng.choice(["city", "province", "anywhere"]))
    sex = "female" if rng.random() < 0.42 else "male"
    rewording = 0.40 if sex == "female" else 0.30
    form = {
        "kinds": [kind],
        "level": 0
        if rng.random() < 0.1
        else int(np.clip(level + rng.choice([-1, 0, 0, 0, 1]), 1, 6)),
        "years": years,
        "discipline": 0 if rng.random() < 0.08 else discipline,
        "region": region,
        "reach": reach,
        "modes": list(modes),
        "salary_min_cny": f"{max(asks, 3_000)}.00" if rng.random() < 0.85 else None,
        **_words(rng, [name for name in ability if rng.random() < 0.9], rewording),
        "confirmed_days": int(rng.integers(0, 400)),
    }
    age = 22 + years + int(rng.integers(0, 5))
    groups = {
        "sex": sex,
        "age": "under 35" if age < 35 else ("35 to 44" if age < 45 else "45 and over"),
        "ethnicity": "minority" if rng.random() < 0.09 else "han",
    }
    return Person(
        ability,
        level,
        years,
        discipline,
        region,
        reach,
        modes,
        max(asks, 3_000),
        kind,
        form,
        groups,
    )


def _words(rng: np.random.Generator, names: list[str], rewording: float) -> dict[str, object]:
    """Skills as listed and the summary as told: usual words, or paraphrases only."""
    skills, told = [], []
    for name in names:
        usual, paraphrases = COMPETENCES[name]
        draw = rng.random()
        if draw < rewording:
            told.append(str(rng.choice(paraphrases)))
        elif draw < 0.6:
            skills.append(str(rng.choice(usual)))
        else:
            told.append(f"负责{rng.choice(usual)}相关工作,{rng.choice(paraphrases)}")
    return {"skills": skills, "summary": "。".join(told)}


def _vacancy(rng: np.random.Generator) -> Vacancy:
    kind, _, names, fields = FAMILIES[rng.integers(len(FAMILIES))]
    chosen = rng.choice(names, size=rng.integers(2, 5), replace=False)
    needs = {str(name): float(rng.choice([1.0, 1.0, 2.0])) for name in chosen}
    level = int(rng.integers(1, 6))
    years = int(rng.integers(0, 11))
    pays = int(8_000 + 3_800 * level + rng.normal(0, 2_500)) // 100 * 100
    mode = "full" if rng.random() < 0.8 else str(rng.choice(MODES[1:]))
    discipline = int(rng.choice(fields))
    wishes, told = [], []
    for name, weight in needs.items():
        usual, paraphrases = COMPETENCES[name]
        if rng.random() < (0.75 if weight > 1 else 0.55):
            wishes.append(str(rng.choice(usual)))
        else:
            told.append(
                str(rng.choice(paraphrases)) if rng.random() < 0.5 else str(rng.choice(usual))
            )
    form = {
        "kind": kind,
        "mode": mode,
        "region": (region := str(rng.choice(CITIES))),
        "title": f"{rng.choice(COMPETENCES[max(needs, key=lambda n: needs[n])][0])}岗位",
        "description": "、".join(told),
        "level": level if rng.random() < 0.9 else 0,
        "years": years,
        "discipline": discipline if rng.random() < 0.8 else 0,
        "wish_skills": wishes,
        "salary_max_cny": f"{max(pays, 4_000)}.00",
    }
    return Vacancy(needs, level, years, discipline, region, mode, max(pays, 4_000), kind, form)
