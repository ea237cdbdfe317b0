using MediaRelay.Signaling.Contract;
using MediaRelay.Signaling.Events;
using MediaRelay.Signaling.IO.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace MediaRelay.Signaling.IO.Gateways;

/// <summary>Keeps the last known value of every device property, with its age, by reading the journal from its own cursor.</summary>
internal sealed partial class PropertyProjector(IStorage storage, ILogger<PropertyProjector> logger) : BackgroundService
{
    private const string Consumer = "properties";
    private const int Page = 2048;

    private static readonly TimeSpan s_pace = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _signal = new(1, 1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using IDisposable subscription = storage.Notifications.Subscribe(INotifications.Events, _ => Wake());
        long position = storage.Events.Cursor(Consumer);
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _signal.WaitAsync(stoppingToken).ConfigureAwait(false);
                while (storage.Events.Read(position, Page) is { Count: > 0 } page)
                {
                    position = page[^1].Position;
                    await storage.Properties.SaveAsync(Values(page, LogPoison), Consumer, position).ConfigureAwait(false);
                    if (page.Count < Page)
                        break;
                }

                // Under load this gathers many events into one write; alone, a value is known after the commit and this pause.
                await Task.Delay(s_pace, stoppingToken).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (StorageException e)
            {
                LogNotStored(e);
                position = storage.Events.Cursor(Consumer);
                await Task.Delay(s_retry, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                Wake();
            }
        }
    }

    public override void Dispose()
    {
        _signal.Dispose();
        base.Dispose();
    }

    /// <summary>The last value of each property of the page; older ones of the same page are not worth a write.</summary>
    internal static List<PropertyValue> Values(IReadOnlyList<StoredEvent> page, Action<Exception, string, long> poisoned)
    {
        var values = new List<PropertyValue>(page.Count);
        var places = new Dictionary<(string Gateway, string Device, string Name), int>();
        foreach (StoredEvent stored in page)
        {
            try
            {
                Add(values, places, stored);
            }
            catch (Exception e)
            {
                // Our bug: this event is passed over, or it would stand in the way of all that follow.
                poisoned(e, stored.Gateway, stored.Position);
            }
        }

        return values;
    }

    private static void Add(List<PropertyValue> values, Dictionary<(string Gateway, string Device, string Name), int> places, StoredEvent stored)
    {
        if (stored.Event.Kind == SmaEventKinds.DeviceRemoved && stored.Event.Device is { } removed)
        {
            values.Add(new PropertyValue(stored.Gateway, removed.Ref, "", null, default, stored.Received));
            places.Clear();
        }
        else if (stored.Event.Device is { } device)
        {
            Add(values, places, stored, device);
        }

        if (stored.Event.Body is HomeSnapshot snapshot)
        {
            foreach (DeviceBody one in snapshot.Devices)
                Add(values, places, stored, one);
        }
    }

    private static void Add(List<PropertyValue> values, Dictionary<(string Gateway, string Device, string Name), int> places, StoredEvent stored, DeviceBody device)
    {
        foreach (DeviceProperty property in device.Properties)
        {
            // A clock that is not set, or far ahead, has no time worth comparing; the server's stamp orders such values.
            DateTimeOffset at = stored.Event.Believed(property.At ?? stored.Event.Time, stored.Received);
            var value = new PropertyValue(stored.Gateway, device.Ref, property.Name, property.Value, at, stored.Received);
            (string, string, string) key = (stored.Gateway, device.Ref, property.Name);
            if (!places.TryGetValue(key, out int place))
            {
                places[key] = values.Count;
                values.Add(value);
            }
            else if (values[place].At <= at)
            {
                values[place] = value;
            }
        }
    }

    private void Wake()
    {
        try
        {
            if (_signal.CurrentCount == 0)
                _signal.Release();
        }
        catch (SemaphoreFullException)
        {
            // Somebody else woke it in the same moment.
        }
    }
}
