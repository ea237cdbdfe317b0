namespace MediaRelay.Signaling.IO.Portal;

/// <summary>The last still of each camera, so that many pages cost a gateway one picture. When it is full the oldest pictures go.</summary>
internal sealed class StillCache(long maxOctets = 64 * 1024 * 1024)
{
    private readonly Dictionary<string, LinkedListNode<(string Camera, Still Still)>> _stills = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Camera, Still Still)> _byAge = new();
    private readonly Lock _lock = new();
    private long _octets;

    /// <summary>The last still of a camera, null when there is none.</summary>
    public Still? Find(string camera)
    {
        lock (_lock)
            return _stills.GetValueOrDefault(camera)?.Value.Still;
    }

    /// <summary>Keeps a still in place of the camera's last one.</summary>
    public Still Keep(string camera, Still still)
    {
        lock (_lock)
        {
            if (_stills.TryGetValue(camera, out LinkedListNode<(string Camera, Still Still)>? known))
                Drop(known);
            _stills[camera] = _byAge.AddLast((camera, still));
            _octets += still.Jpeg.Length;
            while (_octets > maxOctets)
                Drop(_byAge.First!);
            return still;
        }
    }

    private void Drop(LinkedListNode<(string Camera, Still Still)> node)
    {
        _byAge.Remove(node);
        _stills.Remove(node.Value.Camera);
        _octets -= node.Value.Still.Jpeg.Length;
    }
}

/// <summary>A still picture and when it was taken.</summary>
internal sealed record Still(byte[] Jpeg, DateTimeOffset Taken);
