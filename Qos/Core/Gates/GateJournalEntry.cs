using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Gates;

/// <summary>
/// What must survive a restart about a gate: enough to find, bill, set again or delete it. Written before Gate-Set, again with the
/// gate's number, and removed after Gate-Delete-Ack.
/// </summary>
/// <param name="Handle">Key of the entry.</param>
/// <param name="Session">The session that asked.</param>
/// <param name="Gate">Zero until the CMTS has given a number.</param>
/// <param name="ElementId">Event element id of the producer that bills the gate, 0 to 99999; 0 = none.</param>
/// <param name="Objects">The PCMM objects of the last Gate-Set, which hold AMID, subscriber, profile, classifiers and event generation info.</param>
public sealed record GateJournalEntry(GateHandle Handle, string Session, GateId Gate, int ElementId, byte[] Objects)
{
    /// <summary>Subscriber and AMID of the gate; false when the objects are damaged.</summary>
    public bool TryGetIdentity(out Amid amid, out SubscriberId subscriber, out BillingCorrelationId bcid)
    {
        amid = default;
        subscriber = default;
        bcid = default;
        if (!PcmmMessage.TryRead(Objects, PcmmLayout.Current, out PcmmMessage objects)) return false;
        if (objects.TryGetEventGenerationInfo(out EventGenerationInfo events)) bcid = events.Bcid;
        return objects.TryGetAmid(out amid) && objects.TryGetSubscriber(out subscriber);
    }
}
