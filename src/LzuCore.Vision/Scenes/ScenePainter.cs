namespace LzuCore.Vision.Scenes;

/// <summary>Paints a street from back to front. Owner numbers below <see cref="FirstObject"/> are label classes; object i is owner FirstObject + i.</summary>
internal static class ScenePainter
{
    public const ushort FirstObject = 16;

    private enum Kind
    {
        Thing,
        Tree,
        Lamp,
        Bay,
        End,
    }

    /// <summary>Paints everything into a list.</summary>
    /// <param name="street">What there is.</param>
    /// <param name="list">Filled anew.</param>
    /// <param name="shadows">Shadows on the ground, by depth: the same.</param>
    /// <param name="ranges">For each thing, the surfaces it is painted with.</param>
    public static void Paint(StreetLayout street, SurfaceList list, SurfaceList shadows, Span<(int First, int End)> ranges)
    {
        list.Clear();
        shadows.Clear();
        var brush = new SceneBrush(street.View, street.Light, list);
        var size = street.View.Size;
        list.AddWhole(size, Material.Sky, SceneClasses.Sky);
        GroundPainter.Paint(brush, street.Ground, street.Road, street.From);
        ShadowPainter.Paint(street, shadows);

        foreach (var (kind, index, part) in Ordered(street))
            switch (kind)
            {
                case Kind.Thing: ranges[index] = Thing(brush, street.Things[index], (ushort)(FirstObject + index)); break;
                case Kind.Tree:
                    brush.Begin(SceneClasses.Vegetation, street.Trees[index].Place);
                    TreePainter.Trunk(brush, street.Trees[index]);
                    TreePainter.Crown(brush, street.Trees[index]);
                    break;
                case Kind.Lamp:
                    var (place, height, x, z) = street.Lamps[index];
                    brush.Begin(SceneClasses.Building, place);
                    SignPainter.Lamp(brush, place, height, x, z);
                    break;
                case Kind.Bay:
                    brush.Begin(SceneClasses.Building, BuildingPainter.BayPlace(street.Buildings[index], street.Road, part));
                    BuildingPainter.Bay(brush, street.Buildings[index], street.Road, part);
                    break;
                default:
                    brush.Begin(SceneClasses.Building, BuildingPainter.EndPlace(street.Buildings[index], street.Road));
                    BuildingPainter.End(brush, street.Buildings[index], street.Road);
                    break;
            }
    }

    private static (int First, int End) Thing(SceneBrush brush, SceneThing thing, ushort owner)
    {
        if (thing.Class == SceneClasses.Sign)
        {
            brush.Begin(SceneClasses.Building, thing.Stance.Place);
            SignPainter.Pole(brush, thing);
        }
        brush.Begin(owner, thing.Stance.Place);
        var first = brush.Count;
        switch (thing.Class)
        {
            case SceneClasses.Car: VehiclePainter.Car(brush, thing); break;
            case SceneClasses.Truck: VehiclePainter.Truck(brush, thing); break;
            case SceneClasses.Person: PeoplePainter.Person(brush, thing); break;
            case SceneClasses.Cyclist: PeoplePainter.Cyclist(brush, thing); break;
            default: SignPainter.Plate(brush, thing); break;
        }
        return (first, brush.Count);
    }

    // By the depth of middles, far first; equal depths in the order of the lists, so that no sort's habits decide.
    private static List<(Kind Kind, int Index, int Part)> Ordered(StreetLayout street)
    {
        var items = new List<(double Depth, int Order, Kind Kind, int Index, int Part)>();
        void Add(Spot place, Kind kind, int index, int part = 0) => items.Add((street.View.Ahead(place.X, place.Z), items.Count, kind, index, part));
        for (var i = 0; i < street.Buildings.Count; i++)
        {
            Add(BuildingPainter.EndPlace(street.Buildings[i], street.Road), Kind.End, i);
            for (var bay = 0; bay < street.Buildings[i].Bays; bay++) Add(BuildingPainter.BayPlace(street.Buildings[i], street.Road, bay), Kind.Bay, i, bay);
        }
        for (var i = 0; i < street.Trees.Count; i++) Add(street.Trees[i].Place, Kind.Tree, i);
        for (var i = 0; i < street.Lamps.Count; i++) Add(street.Lamps[i].Place, Kind.Lamp, i);
        for (var i = 0; i < street.Things.Count; i++) Add(street.Things[i].Stance.Place, Kind.Thing, i);
        items.Sort(static (a, b) => a.Depth != b.Depth ? b.Depth.CompareTo(a.Depth) : a.Order.CompareTo(b.Order));
        return [.. items.Select(i => (i.Kind, i.Index, i.Part))];
    }
}
