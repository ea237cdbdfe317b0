using System.Collections.Concurrent;

namespace MediaRelay.Signaling.Contract;

/// <summary>Keeps cursors for reuse; the only state is idle objects, so any thread may rent and return.</summary>
internal sealed class XmlCursorPool(XmlLimits limits)
{
    private const int MaxIdle = 64;

    private readonly ConcurrentBag<XmlCursor> _idle = [];

    public XmlCursor Rent() => _idle.TryTake(out XmlCursor? cursor) ? cursor : new XmlCursor(limits);

    public void Return(XmlCursor cursor)
    {
        cursor.Close();
        if (_idle.Count < MaxIdle)
            _idle.Add(cursor);
    }
}
