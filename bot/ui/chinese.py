"""What the bot says in Simplified Chinese."""

from __future__ import annotations

from bot.ui.words import Words

CHINESE = Words(
    not_known="资料中没有提到。我只回答资料里有的内容。",
    rest_not_known="问题的其余部分我没有找到答案，请单独再问一次。",
    choices="我不确定您问的是哪一个：",
    or_choices="您是不是想问下面这些？",
    near="我能回答的相近问题：",
    related="您还可以问：",
    related_select="相关问题",
    headline_unknown="标题不详",
    link_unknown="链接不详",
    by="作者：{authors}",
    published="发表于{date}",
    as_reported="据{date}的报道",
    hello="您好！我根据一篇新闻报道回答问题，并注明出处。您可以问：",
    chat="好的。关于这篇报道，您可以随时问我。",
    sorry="抱歉。请换个说法再问我。如果回答下面有 👎，点它可以通知维护资料的人。",
    welcome="不客气。关于这篇报道，您可以继续问我。",
    corrected="已于 {when} 更正：在我回答之后，这条资料有修改。",
    restored="已于 {when} 恢复：这条资料曾被撤下，现已恢复。",
    withdrawn="已于 {when} 撤回：在我回答之后，这条资料被撤下。",
    earlier="此前：{statement}",
    earlier_on="此前（据{date}的报道）：{statement}",
    ands="、",
    source="出处",
    source_of="{ids} 的出处",
    source_number="出处 {number}",
    same_place="同一出处的其他内容：",
    voted_right="谢谢。目前对这条回答的评价：{right} 人认为正确，{wrong} 人认为不正确。",
    voted_wrong="谢谢，维护资料的人会查看。目前对这条回答的评价：{right} 人认为正确，{wrong} 人认为不正确。",
    dismiss="移除",
    may_not_dismiss="只有提问者或编辑可以移除这条回答。",
    others_button="这个选项属于提问者。您可以自己问我，我会回答每一个人。",
    none_of_these="都不是",
    none_of_these_reply="那我就不知道了。",
    tell_me="有答案时告诉我",
    will_tell=(
        "一有答案，我会私信告诉您一次，然后就忘掉您问过。为此我会把您的名字和问题一起保存，最多 {days} 天。"
        "请允许来自本服务器的私信。"
    ),
    cannot_tell="我已经不记得那是哪个问题了，请再问我一次。",
    told="您问过：“{question}”。现在有答案了：",
    noted="我已记下这个问题（不含您的名字），留给维护资料的人。",
    faded="这些按钮已失效，因为消息已超过一天。请再问我一次，我会重新回答。",
    post="发到频道",
    posted="{asker} 请我回答这条消息：",
    not_postable="这条回答已经发过或已被忘记，不能再发。请重新使用菜单。",
    question_gone="这条回答所回复的消息已被删除，所以我没有发出。",
    question_edited="那条消息后来被修改过。请重新使用菜单，我会按现在的内容回答。",
    not_posted="Discord 不让我在这里发消息。您可以再试一次。",
    nothing_to_answer="那条消息里没有我可以回答的问题。",
    no_facts_of_kind="这里还没有这方面的资料。",
    crew_title="航天员乘组",
    modules_title="舱段",
    milestones_title="大事记",
    sources_title="出处",
    planned="计划中",
    also_written="又作 {spellings}",
    facts_from="资料条数：{count}",
    page="第 {page} 页，共 {pages} 页",
    timeline_alt="时间线。{events}",
    scale_title="按比例绘制",
    scale_alt="按比例绘制的图。{things}",
    bus="城市公交车，约 12 米",
    person="成年人，约 1.7 米",
    about_title="天问（Tianwen）",
    about=(
        "我回答关于一篇新闻报道的问题：中国航天员首次走出天宫空间站的太空行走。"
        "每条回答都是由人写下的资料，并注明出处；我不编造，不知道时会直说。"
        "\n\n**怎样提问：**提及我、回复我、给我发私信，或使用 `/ask`。"
    ),
    loaded="共有 {facts} 条资料、{phrasings} 种问法，以及 {unknowns} 类已知没有答案的问题。",
    privacy_title="我保存什么",
    privacy=(
        "- 您在每个频道的上一个问题会在内存中保留十分钟，以便我理解追问。\n"
        "- 在一天之内，我保存哪条回复对应您的哪个问题（包括原文），以便您的编辑和之后的更正能够生效；"
        "您的每次评价只以代码代替姓名保存。\n"
        "- 我答不上来或答错的问题保留 {days} 天，并给这里的编辑看，以代码代替您的姓名（凭它您可以删除这些问题），"
        "评价以及每周有多少提问得到哪种回答只保留总数，以便人们改进资料。\n"
        "- 如果您希望在有答案时得到通知，我会把您的名字和那个问题一起保存到那时，最多 {days} 天。\n"
        "- 编辑写下而尚未保存的内容保留一天；对资料的修改会永久记录修改者。"
    ),
    privacy_logged=("- 运行我的人打开了提问日志，其中有提问者的编号；保留多久请问他们。下面的按钮删除不了它。"),
    delete_mine="删除我的数据",
    deleted="完成：您最近的问题已被忘记，您的提问和评价留下的 {count} 条记录也已删除。",
    queue_title="等待编辑处理的问题",
    queue_more="…… 还有更多",
    queue_empty="目前没有。",
    queued_unanswered="我没有答案",
    queued_none_of_these="我给的选项都不对",
    queued_not_right="`{id}` 不正确",
    times="{count} 次",
    settings_title="本服务器的设置",
    settings_listening="**旁听频道：**在这些频道里，即使没有提及我，我也会回答问题，但只在有把握时；在论坛里回答每个新帖的第一个问题。",
    settings_no_intent=(
        "⚠️ 没有提及我的消息我读不到，所以暂时不会在这些频道里回答。运行我的人需要在 Discord 开发者门户"
        "（应用，Bot）打开 “Message Content Intent” 并重新启动我。其他功能都不受影响。"
    ),
    settings_editors=(
        "**编辑身份组：**其成员可以修改资料，与拥有“管理消息”权限的人相同。"
        "要让 Discord 也向他们提供这些命令，请在“服务器设置 → 整合”中允许该身份组使用 `/facts`、`/review` 和菜单。"
    ),
    settings_queue_days="**问题等待期：**问题为编辑保留这么久，之后我会忘掉。",
    days="{count} 天",
    settings_log="**日志频道：**资料的每次修改都会在那里通报。",
    settings_queue=(
        "**待办频道：**整个服务器里没有答案或答得不对的问题，会显示在那里的一条消息中。请选择只有维护资料的人能看到的频道。"
    ),
    settings_cooldown="**冷却时间：**在旁听频道里，每人在这段时间内最多得到一次回答。",
    settings_wait="**短暂等待：**在旁听频道里，我先等这么久；如果有人回复，我就不说话。",
    settings_choose_channels="无：选择频道和论坛",
    settings_choose_role="无：选择身份组",
    settings_choose_channel="无：选择频道",
    settings_votes_on="回答下的评价按钮：显示",
    settings_votes_off="回答下的评价按钮：隐藏",
    settings_may_not_write="⚠️ 我不能在 {channels} 发言。",
    settings_may_not_read="⚠️ 我看不到 {channels}。",
    no_wait="不等待",
    no_cooldown="无冷却",
    seconds="{count} 秒",
    minutes="{count} 分钟",
    unexpected="抱歉，我这边出了问题，已记录为 {id}。",
    facts_unread="现在无法读取本服务器的资料，请稍后再试。",
    not_saved="现在无法保存，没有任何改动。请稍后再试。",
    no_such_fact="这里没有编号为“{id}”的资料。",
    server_full=(
        "一个服务器最多有 {entries} 条自己的资料和已知的未知，它们的问题合计最多 {characters} 个字符；"
        "请先移除或缩短一些。"
    ),
    near_ids="您是指 {ids} 吗？",
    fact_removed="“{id}”在这里已被移除；用 `/facts restore` 可以恢复。",
    missing_permission="我在这里没有权限，需要：{permissions}。",
    you_may_not="您不能在这里这样做。",
    draft_gone="这份草稿已经保存或放弃，或者已超过一天。",
    editors_only="只有本服务器的编辑可以在服务器内这样做：拥有“管理消息”权限的人，以及编辑身份组的成员。",
    need_manage_server="只有拥有“管理服务器”权限的人才能更改我在这里的设置。",
    slow_down="请稍等，{seconds} 秒后再试。",
    unreadable_question="我读不到那条消息：Discord 只让我看到提及我的消息。请把问题写在您自己的消息里。",
    unreadable_role="您提及的是我的身份组，那样的消息我读不到。请选择带有“APP”标记的我，而不是身份组。",
    unreadable_reply="我读不到那条回复：Discord 只让我看到提及我的消息。请打开 @ 提醒，或提及我。",
    day="{year}年{month}月{day}日",
    month="{year}年{month}月",
)
