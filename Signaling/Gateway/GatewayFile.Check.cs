using System.ComponentModel.DataAnnotations;
using MediaRelay.Signaling.Alarms;

namespace MediaRelay.Gateway;

/// <summary>What is looked at before a gateway starts: whatever would otherwise be refused event by event, or crash, is a sentence here.</summary>
public sealed partial class GatewayFile
{
    private const int MaxName = 200;

    private void Check(List<string> faults)
    {
        if (Servers.Contains(null!) || Devices.Contains(null!) || Zones.Contains(null!))
        {
            faults.Add("Servers, Devices or Zones holds null. Write an entry, or leave it out.");
            return;
        }

        CheckSelf(faults);
        CheckMedia(faults);
        CheckZones(faults);
        CheckDevices(faults);
    }

    private void CheckSelf(List<string> faults)
    {
        if (!SmaContract.IsId(Gateway))
            faults.Add($"Gateway is \"{Gateway}\", which is not an id of 1-64 characters A-Za-z0-9._-. Use the id under which the operator registered it.");
        if (Servers.Count == 0)
            faults.Add("Servers is empty. Name at least one Event Server, e.g. \"https://events.example:8443\".");
        foreach (string server in Servers)
        {
            if (!Uri.TryCreate(server, UriKind.Absolute, out Uri? uri) || uri.Scheme != Uri.UriSchemeHttps)
                faults.Add($"\"{server}\" is not an https address, e.g. \"https://events.example:8443\".");
        }

        if (!File.Exists(Authority))
            faults.Add($"Authority names {Authority}, which does not exist. Copy ca.crt of the operator's authority there.");
        if (PasswordFile is { } password && !File.Exists(password))
            faults.Add($"PasswordFile names {password}, which does not exist. Put the password that the operator gave into it, or leave the key out to use a certificate.");
        if (Folder.Length == 0)
            faults.Add("Folder is empty. Name a folder for the certificate, the queue and downloads, e.g. \"gateway\".");
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(TimeZone, out _))
            faults.Add($"TimeZone is \"{TimeZone}\", which this system does not know. Write a name such as Europe/Berlin.");
        CheckDelay("ExitDelaySeconds", ExitDelaySeconds, faults);
        if (SimulatedChangesPerMinute is not (>= 0 and <= 6000))
            faults.Add($"SimulatedChangesPerMinute is {SimulatedChangesPerMinute}. Choose 0 to 6000.");
    }

    private void CheckMedia(List<string> faults)
    {
        var found = new List<ValidationResult>();
        if (!Validator.TryValidateObject(Media, new ValidationContext(Media), found, validateAllProperties: true))
            faults.AddRange(found.Select(one => $"Media: {one.ErrorMessage}"));
    }

    private void CheckZones(List<string> faults)
    {
        foreach (ZoneEntry zone in Zones)
        {
            if (zone.Number is < 1 or > 999)
                faults.Add($"A zone has the number {zone.Number}. Choose 1 to 999: Contact ID has three digits.");
            if (zone.Partition is < 1 or > 99)
                faults.Add($"Zone {zone.Number} is in partition {zone.Partition}. Choose 1 to 99: Contact ID has two digits.");
            if (!Enum.IsDefined(zone.Kind))
                faults.Add($"Zone {zone.Number} has the kind {zone.Kind}. Choose Instant, Delayed or TwentyFourHour.");
            if (ContactId.Find(zone.Code) is not { NamesUser: false })
                faults.Add($"Zone {zone.Number} has the code \"{zone.Code}\", which is no Contact ID code of a zone. Choose e.g. 134 for a door, 131 for a window, 132 inside, 111 for smoke.");
            if (zone.Name.Length > MaxName)
                faults.Add($"The name of zone {zone.Number} has {zone.Name.Length} characters. At most {MaxName} are shown.");
            CheckDelay($"EntryDelaySeconds of zone {zone.Number}", zone.EntryDelaySeconds, faults);
        }

        foreach (ushort number in Twice(Zones.Select(zone => zone.Number)))
            faults.Add($"Two zones have the number {number}. Give each its own.");
    }

    private void CheckDevices(List<string> faults)
    {
        foreach (DeviceEntry device in Devices)
        {
            if (!SmaContract.IsId(device.Ref))
                faults.Add($"A device has the ref \"{device.Ref}\", which is not an id of 1-64 characters A-Za-z0-9._-.");
            if (device.Ref == Home.HomeCore.PanelRef)
                faults.Add($"A device has the ref {device.Ref}, which stands for the alarm panel itself. Choose another.");
            if (device.Type is { } type && !SmaContract.IsId(type))
                faults.Add($"Device {device.Ref} has the type \"{type}\". A type is one word of A-Za-z0-9._-, e.g. contact.");
            if (!SmaContract.IsId(device.Protocol))
                faults.Add($"Device {device.Ref} has the protocol \"{device.Protocol}\". A protocol is one word of A-Za-z0-9._-, e.g. media for a camera.");
            if (device is { Type: "camera", Address: null or "" })
                faults.Add($"Camera {device.Ref} has no Address. Write its URL, e.g. \"rtsp://192.0.2.8/stream\".");
            if (device.Name?.Length > MaxName || device.Address?.Length > MaxName)
                faults.Add($"The name or address of device {device.Ref} is longer than {MaxName} characters, which no server takes.");
            if (device.Zone is { } zone && Zones.All(one => one.Number != zone))
                faults.Add($"Device {device.Ref} is in zone {zone}, which is not in Zones.");
            if (device.Values.Count > SmaContract.MaxProperties || device.Values.Any(value => !SmaContract.IsId(value.Key) || value.Value is not { Length: <= 4096 }))
                faults.Add($"Device {device.Ref} has Values that no server takes: at most {SmaContract.MaxProperties}, each with an id of 1-64 characters A-Za-z0-9._- and a text of up to 4096.");
        }

        foreach (string twice in Twice(Devices.Select(device => device.Ref)))
            faults.Add($"Two devices have the ref {twice}. Give each its own.");
    }

    private static void CheckDelay(string name, int seconds, List<string> faults)
    {
        if (seconds < 0 || seconds > AlarmPanel.MaxDelay.TotalSeconds)
            faults.Add($"{name} is {seconds}. Choose 0 to {AlarmPanel.MaxDelay.TotalSeconds:0} s.");
    }

    private static IEnumerable<T> Twice<T>(IEnumerable<T> all) => all.GroupBy(one => one).Where(group => group.Count() > 1).Select(group => group.Key);
}
