using MediaRelay.Signaling.Events;
namespace MediaRelay.Signaling.IO.Storage;

/// <summary>How long the content of events is kept, by class.</summary>
/// <param name="Alarm">Events with the priority alarm.</param>
/// <param name="Trouble">Events with the priority trouble.</param>
/// <param name="Status">Events with the priority status.</param>
/// <param name="Bulk">Events with the priority bulk.</param>
public sealed record EventRetention(TimeSpan Alarm, TimeSpan Trouble, TimeSpan Status, TimeSpan Bulk)
{
    /// <summary>The time for one class.</summary>
    public TimeSpan Of(EventPriority priority) => priority switch
    {
        EventPriority.Alarm => Alarm,
        EventPriority.Trouble => Trouble,
        EventPriority.Bulk => Bulk,
        _ => Status,
    };
}
