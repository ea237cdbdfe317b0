using MediaRelay.Qos.Gates;
using MediaRelay.Qos.Pcmm;

namespace MediaRelay.Qos.Policy;

/// <summary>What one subscriber has, counted from the moment a request is forwarded.</summary>
internal sealed class SubscriberLoad(SubscriberId subscriber) : IDeadline
{
    public SubscriberId Subscriber => subscriber;

    public int Gates { get; set; }

    /// <summary>Bit/s, downstream then upstream.</summary>
    public double[] Rate { get; } = new double[2];

    public TimeSpan WindowStart { get; set; }

    public int NewInWindow { get; set; }

    /// <summary>Gates that a CMTS forgot; as many may come back without counting as new.</summary>
    public int Forgotten { get; set; }

    /// <summary>When <see cref="Forgotten"/> ends to count: a minute after the last one was found missing.</summary>
    public TimeSpan ForgottenUntil { get; set; }

    TimeSpan IDeadline.Deadline { get; set; }

    int IDeadline.HeapPlace { get; set; }
}
