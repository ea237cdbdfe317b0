namespace MediaRelay.Qos.Gates;

/// <summary>Something that a <see cref="DeadlineHeap{T}"/> orders.</summary>
internal interface IDeadline
{
    /// <summary>When it is due; change it only through the heap.</summary>
    TimeSpan Deadline { get; set; }

    /// <summary>Its place in the heap plus one; 0 while it is in none.</summary>
    int HeapPlace { get; set; }
}
