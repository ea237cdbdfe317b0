namespace MediaRelay.Load.Relay;

/// <summary>Values of one server by row name, one per round.</summary>
internal sealed class Measurements
{
    private readonly Dictionary<string, List<double>> _values = [];

    public void Add(string row, double value)
    {
        if (!_values.TryGetValue(row, out var list))
            _values[row] = list = [];
        list.Add(value);
    }

    public IEnumerable<string> Rows => _values.Keys;

    public double? Median(string row)
    {
        if (!_values.TryGetValue(row, out var list) || list.Count == 0)
            return null;
        var sorted = list.Order().ToArray();
        var middle = sorted.Length / 2;
        return sorted.Length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
