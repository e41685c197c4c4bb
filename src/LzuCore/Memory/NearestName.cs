namespace LzuCore.Memory;

/// <summary>What a mistyped name was meant to be.</summary>
public static class NearestName
{
    /// <summary>The closest candidate, or null when none is close: at most a third of the letters may differ (a swap of neighbours counts once), and at least one always may.</summary>
    public static string? Of(string typed, IEnumerable<string> candidates)
    {
        var word = typed.TrimStart('-').ToLowerInvariant();
        var (best, nearest) = (int.MaxValue, (string?)null);
        foreach (var candidate in candidates)
        {
            var name = candidate.TrimStart('-');
            var distance = name.StartsWith(word, StringComparison.Ordinal) && word.Length >= 2 ? 1 : Distance(word, name);
            if (distance < best && distance <= Math.Max(1, Math.Max(word.Length, name.Length) / 3)) (best, nearest) = (distance, candidate);
        }
        return nearest;
    }

    // Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) cost[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) cost[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
            for (var j = 1; j <= b.Length; j++)
            {
                cost[i, j] = Math.Min(Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1, cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
            }
        return cost[a.Length, b.Length];
    }
}
