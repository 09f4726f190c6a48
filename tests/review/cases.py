"""A small graph for each review rule in which it finds something, and what takes that away."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Case:
    """One rule on one small graph.

    Attributes:
        rule: id of the rule.
        graph: Turtle, without prefixes.
        without: Turtle snippets; taking away one of them takes the finding away.
        unless: Turtle snippets; adding one of them takes the finding away.
    """

    rule: str
    graph: str
    without: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


ROW = """
initiative:i a ag:Initiative ; skos:prefLabel "Indsats"@da ; ag:followUpGroup body:g ; ag:assessment assessment:a .
assessment:a a ag:Assessment ; ag:about initiative:i ; ag:evidence p004:1-2 .
"""
AGREEMENT = """
agreement:x a ag:CooperationAgreement, ag:Agreement, ag:SourceWork ; skos:prefLabel "Aftale"@da ; ag:evidence p004:3-4 .
"""
DUTY = """
responsibility:r a ag:Responsibility ; skos:prefLabel "Opgave"@da ; ag:agreedIn agreement:x ;
  ag:statement statement:s ; ag:evidence p004:5-6 .
statement:s a ag:Statement ; ag:evidence p004:5-6 .
actor:a a ag:GenericActor ; skos:prefLabel "A"@da . actor:b a ag:GenericActor ; skos:prefLabel "B"@da .
"""
EVENT = """
event:e a ag:Event ; skos:prefLabel "Begivenhed"@da ; ag:evidence p004:7-8 ; ag:when date:d .
date:d a ag:StatedDate ; ag:asStated "2018" ; ag:evidence p004:7-8 .
"""

CASES = (
    Case(
        "decision-against-rationale",
        ROW + "assessment:a ag:decision ag:Continue ; ag:rationaleReads ag:Discontinue .",
        (
            "assessment:a ag:decision ag:Continue .",
            "assessment:a ag:rationaleReads ag:Discontinue .",
        ),
    ),
    Case(
        "condition-not-in-decision",
        ROW + "assessment:a ag:decision ag:Continue ; ag:rationaleReads ag:ContinueIf .",
        (
            "assessment:a ag:decision ag:Continue .",
            "assessment:a ag:rationaleReads ag:ContinueIf .",
        ),
    ),
    Case(
        "no-decision-word",
        ROW + "assessment:a ag:decision ag:NoDecision .",
        ("assessment:a ag:decision ag:NoDecision .",),
    ),
    Case(
        "wound-up-while-open",
        ROW
        + EVENT
        + """assessment:a ag:decision ag:Discontinue . initiative:i ag:milestone event:e .
             event:e ag:planned ag:Yes ; ag:eventType ag:Evaluation .""",
        (
            "assessment:a ag:decision ag:Discontinue .",
            "initiative:i ag:milestone event:e .",
            "event:e ag:planned ag:Yes .",
            "event:e ag:eventType ag:Evaluation .",
        ),
        (
            "initiative:i ag:succeededBy initiative:j .",
            "event:e ag:statementStatus ag:Recommended .",
        ),
    ),
    Case(
        "wound-up-while-open",
        ROW
        + AGREEMENT
        + """assessment:a ag:decision ag:Discontinue . initiative:i ag:concerns agreement:whole .
             agreement:x ag:partOf agreement:whole ; ag:status ag:InForce .""",
        (
            "initiative:i ag:concerns agreement:whole .",
            "agreement:x ag:partOf agreement:whole .",
            "agreement:x ag:status ag:InForce .",
        ),
        (
            "agreement:x ag:lifecycleEvent event:r . event:r ag:eventType ag:Revision ; ag:planned ag:No .",
            """initiative:k ag:concerns agreement:x ; ag:assessment assessment:k .
               assessment:k ag:decision ag:Discontinue .""",
        ),
    ),
    Case(
        "wound-up-with-task-left",
        ROW
        + 'assessment:a ag:decision ag:Discontinue . initiative:i ag:remainingTask "Skrive"@da .',
        (
            "assessment:a ag:decision ag:Discontinue .",
            'initiative:i ag:remainingTask "Skrive"@da .',
        ),
        (
            "initiative:i ag:succeededBy initiative:j .",
            """initiative:i ag:milestone event:m .
               event:m ag:eventType ag:MeetingHeld ; ag:planned ag:Yes ; ag:byBody body:g .""",
        ),
    ),
    Case(
        "working-group-beside-another",
        ROW
        + """assessment:a ag:workingGroupNeed ag:Needed ; ag:existingWorkingGroup body:w .
             body:w skos:prefLabel "Gruppe"@da ; ag:evidence p004:9-9 .""",
        (
            "assessment:a ag:workingGroupNeed ag:Needed .",
            "assessment:a ag:existingWorkingGroup body:w .",
        ),
        ("assessment:a ag:workingGroupExists ag:No .",),
    ),
    Case(
        "never-started",
        """initiative:i a ag:Initiative ; skos:prefLabel "Indsats"@da ; ag:partOf agreement:x ; ag:evidence p004:1-2 .
           agreement:x a ag:HealthAgreement ; skos:prefLabel "Aftale"@da .""",
        ("initiative:i ag:partOf agreement:x .", "agreement:x a ag:HealthAgreement ."),
        ("initiative:i ag:assessment assessment:a .", "initiative:i ag:followUpGroup body:g ."),
    ),
    Case(
        "same-topic-in-two-groups",
        """topic:t a ag:Topic ; skos:prefLabel "Emne"@da .
           initiative:i a ag:Initiative ; skos:prefLabel "I"@da ; ag:mainTopic topic:t ; ag:followUpGroup body:g ; ag:evidence p004:1-2 .
           initiative:j a ag:Initiative ; skos:prefLabel "J"@da ; ag:mainTopic topic:t ; ag:followUpGroup body:h ; ag:evidence p004:3-4 .""",
        ("initiative:j ag:mainTopic topic:t .", "initiative:j ag:followUpGroup body:h ."),
        (
            "initiative:j ag:assessment assessment:j . assessment:j ag:decision ag:Discontinue .",
            "initiative:j ag:assessment assessment:j . assessment:j ag:rationaleReads ag:Discontinue .",
        ),
    ),
    Case(
        "agreement-without-initiative",
        AGREEMENT + "agreement:x ag:status ag:InForce .",
        ("agreement:x ag:status ag:InForce .",),
        ("initiative:i a ag:Initiative ; ag:concerns agreement:x .",),
    ),
    Case(
        "agreement-without-initiative",
        AGREEMENT
        + EVENT
        + """agreement:x ag:status ag:StatusUnknown ; ag:lifecycleEvent event:e .
             event:e ag:eventType ag:Revision ; ag:planned ag:Yes .""",
        ("event:e ag:eventType ag:Revision .", "event:e ag:planned ag:Yes ."),
    ),
    Case(
        "agreement-left-alone",
        ROW
        + AGREEMENT
        + "assessment:a ag:decision ag:Discontinue . initiative:i ag:concerns agreement:x .",
        ("assessment:a ag:decision ag:Discontinue .", "initiative:i ag:concerns agreement:x ."),
        (
            "agreement:x ag:status ag:Ended .",
            "initiative:j ag:concerns agreement:x ; ag:assessment assessment:b . assessment:b ag:decision ag:Continue .",
            "initiative:i ag:succeededBy initiative:j .",
        ),
    ),
    Case(
        "revision-under-way-when-needed",
        ROW
        + AGREEMENT
        + """assessment:a ag:revisionWhenNeeded ag:Yes . initiative:i ag:concerns agreement:x .
             agreement:x ag:status ag:UnderRevision .""",
        (
            "assessment:a ag:revisionWhenNeeded ag:Yes .",
            "initiative:i ag:concerns agreement:x .",
            "agreement:x ag:status ag:UnderRevision .",
        ),
    ),
    Case(
        "same-agreement-in-two-rows",
        ROW
        + AGREEMENT
        + """initiative:i ag:concerns agreement:x . assessment:a ag:decision ag:Continue .
             initiative:j a ag:Initiative ; skos:prefLabel "Anden"@da ; ag:concerns agreement:x ; ag:assessment assessment:b .
             assessment:b a ag:Assessment ; ag:decision ag:Discontinue ; ag:evidence p004:9-9 .""",
        (
            "initiative:j ag:concerns agreement:x .",
            "initiative:i ag:concerns agreement:x .",
            "agreement:x a ag:CooperationAgreement .",
            "assessment:a ag:decision ag:Continue .",
        ),
    ),
    Case(
        "dates-differ",
        EVENT
        + """event:e ag:when date:f . date:f ag:asStated "2019" ; ag:evidence p004:9-9 ;
               ag:notBefore "2019-01-01"^^xsd:date ; ag:notAfter "2019-12-31"^^xsd:date .
             date:d ag:notBefore "2018-01-01"^^xsd:date ; ag:notAfter "2018-12-31"^^xsd:date .""",
        (
            "event:e ag:when date:f .",
            'date:d ag:notAfter "2018-12-31"^^xsd:date .',
            'date:f ag:notBefore "2019-01-01"^^xsd:date .',
        ),
        ("date:f ag:replacesDate date:d .",),
    ),
    Case(
        "conclusion-dates-differ",
        AGREEMENT
        + """event:c ag:about agreement:x ; ag:eventType ag:Conclusion ; ag:planned ag:No ; ag:when date:c .
             event:g ag:about agreement:x ; ag:eventType ag:Approval ; ag:planned ag:No ; ag:when date:g .
             date:c ag:asStated "2015" ; ag:evidence p004:1-1 ;
               ag:notBefore "2015-01-01"^^xsd:date ; ag:notAfter "2015-12-31"^^xsd:date .
             date:g ag:asStated "2014" ; ag:evidence p004:2-2 ;
               ag:notBefore "2014-10-28"^^xsd:date ; ag:notAfter "2014-10-28"^^xsd:date .""",
        (
            "event:c ag:eventType ag:Conclusion .",
            "event:g ag:planned ag:No .",
            'date:g ag:notAfter "2014-10-28"^^xsd:date .',
        ),
    ),
    Case(
        "planned-but-past",
        ROW
        + EVENT
        + """event:e ag:planned ag:Yes . date:d ag:notAfter "2018-06-30"^^xsd:date .
             initiative:i ag:milestone event:e . assessment:a ag:round event:m .
             event:m ag:when date:m . date:m ag:notBefore "2019-01-24"^^xsd:date .""",
        (
            "event:e ag:planned ag:Yes .",
            'date:d ag:notAfter "2018-06-30"^^xsd:date .',
            "initiative:i ag:milestone event:e .",
            "assessment:a ag:round event:m .",
        ),
        (
            "event:e ag:recurs ag:Yearly .",
            'event:e ag:when date:n . date:n ag:notAfter "2019-12-31"^^xsd:date .',
            "event:l ag:follows event:e ; ag:planned ag:No .",
        ),
    ),
    Case(
        "planned-but-past",
        AGREEMENT
        + EVENT
        + """agreement:x ag:referenceDate "2019-01-01"^^xsd:date . event:e ag:about agreement:x ; ag:planned ag:Yes .
             date:d ag:notAfter "2018-06-30"^^xsd:date .""",
        ('agreement:x ag:referenceDate "2019-01-01"^^xsd:date .', "event:e ag:about agreement:x ."),
    ),
    Case(
        "year-missing",
        EVENT + "date:d ag:yearMissing ag:Yes .",
        ("date:d ag:yearMissing ag:Yes .",),
        (
            'date:d ag:notBefore "2018-10-01"^^xsd:date .',
            'event:e ag:when date:f . date:f ag:notAfter "2018-11-30"^^xsd:date .',
        ),
    ),
    Case(
        "placeholder-left",
        EVENT + 'event:e ag:placeholder "xx.xx.2019" .',
        ('event:e ag:placeholder "xx.xx.2019" .',),
    ),
    Case(
        "approval-missing",
        AGREEMENT + "agreement:x ag:status ag:InForce .",
        ("agreement:x ag:status ag:InForce .", "agreement:x a ag:CooperationAgreement ."),
        (
            "event:g ag:about agreement:x ; ag:eventType ag:Approval .",
            "agreement:x ag:lifecycleEvent event:g . event:g ag:eventType ag:Conclusion .",
            "initiative:i ag:concerns agreement:x ; ag:milestone event:g . event:g ag:eventType ag:Approval .",
        ),
    ),
    Case(
        "approved-by-two-bodies",
        AGREEMENT
        + """event:f ag:about agreement:x ; ag:eventType ag:Approval ; ag:planned ag:No ; ag:byBody body:f ;
               skos:prefLabel "F har godkendt"@da ; ag:evidence p004:1-1 .
             event:g ag:about agreement:x ; ag:eventType ag:Approval ; ag:planned ag:Yes ; ag:byBody body:g ;
               skos:prefLabel "G godkender"@da ; ag:evidence p004:2-2 .""",
        (
            "event:f ag:planned ag:No .",
            "event:g ag:byBody body:g .",
            "event:g ag:eventType ag:Approval .",
        ),
        (
            "event:g ag:dependsOn event:f .",
            "body:f ag:reportsTo body:g .",
            "event:g ag:byBody body:f .",
        ),
    ),
    Case(
        "remark-unanswered",
        """remark:m a ag:Remark ; skos:prefLabel "Bemærkning"@da ; ag:byBody body:k ; ag:evidence p004:1-2 .
           body:k skos:prefLabel "Gruppen"@da .""",
        ("remark:m ag:byBody body:k .",),
        ('remark:m ag:replyText "Svar"@da .', "remark:m ag:effect ag:NotStarted ."),
    ),
    Case(
        "remark-reopens-decision",
        ROW
        + """assessment:a ag:decision ag:Discontinue .
             remark:m a ag:Remark ; skos:prefLabel "Bemærkning"@da ; ag:about initiative:i ;
               ag:effect ag:ReopensDecision ; ag:evidence p004:3-4 .""",
        (
            "assessment:a ag:decision ag:Discontinue .",
            "remark:m ag:effect ag:ReopensDecision .",
            "remark:m ag:about initiative:i .",
        ),
    ),
    Case(
        "same-duty-different-force",
        DUTY
        + """responsibility:r ag:statement statement:t .
             statement:s ag:modality ag:Must ; ag:statementStatus ag:Agreed .
             statement:t ag:modality ag:May ; ag:statementStatus ag:Agreed ; ag:evidence p004:90-91 .
             p004:5-6 ag:firstLine 5 ; ag:lastLine 6 . p004:90-91 ag:firstLine 90 ; ag:lastLine 91 .""",
        (
            "responsibility:r ag:statement statement:t .",
            "statement:s ag:modality ag:Must .",
            "statement:t ag:statementStatus ag:Agreed .",
        ),
    ),
    Case(
        "two-bearers-no-sharing",
        DUTY
        + "responsibility:r ag:bearer actor:a, actor:b ; ag:recipient actor:c ; ag:modality ag:Must .",
        (
            "responsibility:r ag:bearer actor:b .",
            "responsibility:r ag:recipient actor:c .",
            "responsibility:r ag:modality ag:Must .",
        ),
        (
            "responsibility:r ag:bearerMode ag:Jointly .",
            "responsibility:r ag:sharedWith actor:b .",
            "actor:a ag:answersFor actor:b .",
            "responsibility:r ag:bearerInferred ag:Yes .",
            "responsibility:r ag:bearer actor:c .",
        ),
    ),
    Case(
        "message-without-parties",
        'message:m a ag:Message ; skos:prefLabel "Meddelelse"@da ; ag:evidence p004:1-1 .',
        ("message:m a ag:Message .",),
        (
            "message-flow:f ag:message message:m ; ag:sender actor:a ; ag:receiver actor:b .",
            "responsibility:r ag:channel message:m ; ag:bearer actor:a ; ag:recipient actor:b .",
            "responsibility:r ag:channel message:m ; ag:bearer actor:a .",
            "message:m ag:receiver actor:b .",
            "message:n dcterms:isVersionOf message:m .",
        ),
    ),
    Case(
        "message-without-parties",
        """message:m a ag:Message ; skos:prefLabel "Meddelelse"@da ; ag:evidence p004:1-1 ;
             ag:receiver actor:b ; ag:notStated ag:sender .""",
        ("message:m ag:notStated ag:sender .",),
        ("message-flow:f ag:message message:m ; ag:sender actor:a ; ag:receiver actor:b .",),
    ),
    Case(
        "deadline-waits-for-undated",
        EVENT
        + """event:e ag:planned ag:Yes ; ag:dependsOn event:b . date:d ag:notAfter "2019-12-31"^^xsd:date .
             event:b a ag:Event ; ag:planned ag:Yes ; skos:prefLabel "Før"@da ; ag:evidence p004:1-1 .""",
        (
            "event:e ag:dependsOn event:b .",
            'date:d ag:notAfter "2019-12-31"^^xsd:date .',
            "event:b ag:planned ag:Yes .",
        ),
        (
            'event:b ag:when date:b . date:b ag:notAfter "2019-06-30"^^xsd:date .',
            'event:b ag:when date:b . date:b ag:notBefore "2019-01-01"^^xsd:date .',
            "event:b ag:when date:b . date:b ag:yearMissing ag:Yes .",
        ),
    ),
    Case(
        "party-without-task",
        AGREEMENT
        + """agreement:x ag:party organisation:o . organisation:o skos:prefLabel "O"@da . """
        + " ".join(
            f"responsibility:r{n} ag:agreedIn agreement:x ; ag:bearer actor:a ." for n in range(10)
        ),
        ("agreement:x ag:party organisation:o .", "responsibility:r1 ag:bearer actor:a ."),
        (
            "responsibility:r1 ag:heldBy organisation:o .",
            "responsibility:r1 ag:sharedWith organisation:o .",
            "actor:a ag:member organisation:o .",
        ),
    ),
    Case(
        "task-without-bearer",
        DUTY
        + """responsibility:r ag:notStated ag:bearer ; ag:deadlineText "senest i 2019"@da ; ag:deadlineKind ag:Latest .
             statement:s ag:modality ag:Must ; ag:statementStatus ag:Agreed .""",
        (
            "responsibility:r ag:notStated ag:bearer .",
            "responsibility:r ag:deadlineKind ag:Latest .",
            "statement:s ag:modality ag:Must .",
            "statement:s ag:statementStatus ag:Agreed .",
        ),
        (
            "responsibility:r ag:bearer actor:a .",
            "event:e a ag:Event ; ag:about responsibility:r ; ag:planned ag:No .",
            """responsibility:r ag:about initiative:i . initiative:i ag:assessment assessment:a .
               assessment:a ag:workingGroupNeed ag:Needed .""",
        ),
    ),
    Case(
        "planned-without-body",
        EVENT + "event:e ag:planned ag:Yes ; ag:notStated ag:byBody ; ag:eventType ag:Monitoring .",
        (
            "event:e ag:planned ag:Yes .",
            "event:e ag:notStated ag:byBody .",
            "event:e ag:eventType ag:Monitoring .",
        ),
        (
            "event:e ag:byBody body:g .",
            """event:e ag:about initiative:i . initiative:i ag:assessment assessment:a .
               assessment:a ag:workingGroupNeed ag:Needed .""",
            """event:e ag:about responsibility:r .
               responsibility:r a ag:Responsibility ; ag:task task:t ; ag:agreedIn agreement:x ; ag:notStated ag:bearer .
               responsibility:q ag:task task:t ; ag:agreedIn agreement:x ; ag:bearer body:g ;
                 ag:modality ag:HasResponsibility .""",
        ),
    ),
    Case(
        "indicator-incomplete",
        'indicator:n a ag:Indicator ; skos:prefLabel "Indikator"@da ; ag:evidence p004:1-1 ; ag:notStated ag:ambition .',
        ("indicator:n a ag:Indicator .", "indicator:n ag:notStated ag:ambition ."),
        ('indicator:n ag:ambition "Fald"@da .',),
    ),
    Case(
        "indicator-other-target-group",
        """indicator:n a ag:Indicator ; skos:prefLabel "Indikator"@da ; ag:evidence p004:1-1 ;
             ag:targetGroup target-group:m ; ag:partOf agreement:x .
           agreement:x a ag:SourceWork ; ag:targetGroup target-group:g .
           target-group:m skos:prefLabel "16-24"@da ; ag:minAge 16 ; ag:maxAge 24 .
           target-group:g skos:prefLabel "0-17"@da ; ag:minAge 0 ; ag:maxAge 17 ; ag:evidence p004:2-2 .""",
        (
            "target-group:m ag:maxAge 24 .",
            "indicator:n ag:partOf agreement:x .",
            "agreement:x ag:targetGroup target-group:g .",
        ),
    ),
    Case(
        "accepted-but-not-found",
        """hearing-remark:h a ag:HearingRemark ; skos:prefLabel "Svar"@da ; ag:evidence p004:1-1 ;
             ag:outcome ag:Accepted ; ag:reflectedInFinal ag:No .""",
        (
            "hearing-remark:h ag:outcome ag:Accepted .",
            "hearing-remark:h ag:reflectedInFinal ag:No .",
        ),
    ),
    Case(
        "opposed-wishes-accepted",
        """hearing-remark:h a ag:HearingRemark ; skos:prefLabel "Svar"@da ; ag:evidence p004:1-1 ;
             ag:outcome ag:Accepted ; ag:opposes hearing-remark:k .
           hearing-remark:k a ag:HearingRemark ; skos:prefLabel "Andet"@da ; ag:evidence p004:2-2 ; ag:outcome ag:Accepted .""",
        (
            "hearing-remark:h ag:opposes hearing-remark:k .",
            "hearing-remark:k ag:outcome ag:Accepted .",
            "hearing-remark:h ag:outcome ag:Accepted .",
        ),
        (
            "hearing-remark:h ag:reflectedInFinal ag:Yes . hearing-remark:k ag:reflectedInFinal ag:Partly .",
        ),
    ),
    Case(
        "opposed-wishes-accepted",
        """hearing-remark:h a ag:HearingRemark ; skos:prefLabel "Svar"@da ; ag:evidence p004:1-1 ;
             ag:outcome ag:Accepted ; ag:opposes hearing-remark:k ; ag:reflectedInFinal ag:Yes .
           hearing-remark:k a ag:HearingRemark ; skos:prefLabel "Andet"@da ; ag:evidence p004:2-2 ;
             ag:outcome ag:Accepted ; ag:reflectedInFinal ag:No .""",
        ("hearing-remark:h ag:opposes hearing-remark:k .",),
        ("hearing-remark:k ag:reflectedInFinal ag:Yes .",),
    ),
    Case(
        "reference-does-not-fit",
        """cross-reference:c a ag:CrossReference ; skos:prefLabel "Henvisning"@da ; ag:evidence p004:1-1 ;
             ag:refersToText "bilag 7" ; ag:resolves ag:No .""",
        ("cross-reference:c ag:resolves ag:No .",),
        (
            'cross-reference:c ag:placeholder "link" .',
            "cross-reference:c ag:refersTo agreement:x . agreement:x a ag:SourceWork .",
        ),
    ),
    Case(
        "basis-without-law",
        DUTY + 'statement:s ag:basisWithoutLaw "§ 140" .',
        ('statement:s ag:basisWithoutLaw "§ 140" .',),
    ),
    Case(
        "provision-assigns-another",
        DUTY
        + """responsibility:r ag:legalBasis law:l ; ag:bearer actor:a ; ag:modality ag:Must .
             law:l skos:prefLabel "Loven § 1"@da ; ag:assignsTo actor:b .""",
        (
            "responsibility:r ag:legalBasis law:l .",
            "responsibility:r ag:bearer actor:a .",
            "responsibility:r ag:modality ag:Must .",
            "law:l ag:assignsTo actor:b .",
        ),
        (
            "actor:b ag:answersFor actor:a .",
            "actor:a ag:answersFor actor:b .",
            "responsibility:q ag:legalBasis law:l ; ag:bearer actor:b .",
        ),
    ),
    Case(
        "legal-basis-changed",
        DUTY
        + AGREEMENT
        + """responsibility:r ag:legalBasis law:part . law:part eli:is_part_of law:whole ; skos:prefLabel "§ 1, stk. 2"@da .
             legal-change:k a ag:LegalChange ; skos:prefLabel "Flyttet"@da ; ag:changes law:whole ;
               ag:changeKind ag:Moved ; ag:certainty ag:Confirmed .""",
        (
            "responsibility:r ag:legalBasis law:part .",
            "law:part eli:is_part_of law:whole .",
            "legal-change:k ag:changes law:whole .",
            "legal-change:k ag:changeKind ag:Moved .",
        ),
        ("legal-change:k ag:affectsTask task:t .",),
    ),
)
