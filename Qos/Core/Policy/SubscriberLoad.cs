namespace MediaRelay.Qos.Policy;

/// <summary>What one subscriber has, counted from the moment a request is forwarded.</summary>
internal sealed class SubscriberLoad
{
    public int Gates { get; set; }

    /// <summary>Bit/s, downstream then upstream.</summary>
    public double[] Rate { get; } = new double[2];

    public TimeSpan WindowStart { get; set; }

    public int NewInWindow { get; set; }

    /// <summary>Gates that a CMTS forgot; as many may come back without counting as new.</summary>
    public int Forgotten { get; set; }

    /// <summary>When <see cref="Forgotten"/> ends to count.</summary>
    public TimeSpan ForgottenUntil { get; set; }
}
