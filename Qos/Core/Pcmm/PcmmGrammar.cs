namespace MediaRelay.Qos.Pcmm;

/// <summary>Which objects a message must and may carry (PCMM I05 section 6.4.3), and the error for what is missing or broken.</summary>
internal static class PcmmGrammar
{
    private static readonly uint GateIdentity = Bits(PcmmObject.Amid, PcmmObject.SubscriberId, PcmmObject.GateId);
    private static readonly uint GateSetMust = Bits(PcmmObject.Amid, PcmmObject.SubscriberId, PcmmObject.GateSpec, PcmmObject.TrafficProfile, PcmmObject.Classifier);

    private static readonly uint GateSetMay = Bits(
        PcmmObject.GateId, PcmmObject.EventGenerationInfo, PcmmObject.VolumeLimit, PcmmObject.TimeLimit, PcmmObject.OpaqueData, PcmmObject.UserId);

    /// <summary>Commands that a decision point sends; everything else in a decision is error 19.</summary>
    public static bool IsCommand(GateCommand command) => command is GateCommand.GateSet or GateCommand.GateInfo or GateCommand.GateDelete
        or GateCommand.PdpConfig or GateCommand.SynchRequest or GateCommand.MsgReceipt;

    /// <summary>The first fault of a command: 6 for a missing object, 7 for a wrong length or a second copy, none when it is sound.</summary>
    /// <param name="southbound">True towards the CMTS, where configuration carries the PSID instead of AMIDs.</param>
    public static PcmmError Check(in PcmmMessage message, bool southbound)
    {
        (uint must, uint may) = Objects(message.Command, southbound);
        uint broken = message.Invalid & (must | may);
        uint missing = must & ~message.Present;
        if (missing != 0)
        {
            var number = (PcmmObject)System.Numerics.BitOperations.TrailingZeroCount(missing);
            bool severalTypes = number is PcmmObject.SubscriberId or PcmmObject.Classifier or PcmmObject.TrafficProfile;
            return PcmmError.Missing(number, severalTypes ? (byte)0 : (byte)1);
        }
        if (message.Command == GateCommand.SynchRequest && southbound && !message.Has(PcmmObject.Amid) && !message.Has(PcmmObject.Psid))
        {
            return PcmmError.Missing(PcmmObject.Amid, 1);
        }
        if (message.Command == GateCommand.GateSet)
        {
            broken |= message.Repeated & Bits(PcmmObject.GateSpec, PcmmObject.TrafficProfile);
            if (message.HasMixedClassifiers) broken |= Bits(PcmmObject.Classifier);
        }
        if (broken == 0) return default;
        var first = (PcmmObject)System.Numerics.BitOperations.TrailingZeroCount(broken);
        return PcmmError.Invalid(first, message.TypeOf(first));
    }

    private static (uint Must, uint May) Objects(GateCommand command, bool southbound) => command switch
    {
        GateCommand.GateSet => (GateSetMust, GateSetMay),
        GateCommand.GateInfo or GateCommand.GateDelete => (GateIdentity, southbound ? Bits(PcmmObject.Psid) : 0u),
        GateCommand.PdpConfig => southbound ? (Bits(PcmmObject.Psid), 0u) : (Bits(PcmmObject.Amid), 0u),
        GateCommand.SynchRequest => southbound
            ? (Bits(PcmmObject.SynchOptions), Bits(PcmmObject.Amid, PcmmObject.Psid, PcmmObject.SubscriberId))
            : (Bits(PcmmObject.SynchOptions, PcmmObject.Amid), Bits(PcmmObject.SubscriberId)),
        GateCommand.MsgReceipt => (Bits(PcmmObject.MsgReceiptKey), 0),
        _ => (0, 0),
    };

    private static uint Bits(params ReadOnlySpan<PcmmObject> numbers)
    {
        uint bits = 0;
        foreach (PcmmObject number in numbers) bits |= 1u << (int)number;
        return bits;
    }
}
